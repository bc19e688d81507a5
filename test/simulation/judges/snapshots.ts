import type { Judge } from "./judge.ts";
import { createKnownDenials } from "./known-denials.ts";
import { levelsOf, memberOf } from "./levels.ts";

interface Told {
  readonly retryAfterMs: number;
  readonly policies?: readonly { readonly limit: number }[];
}

export function snapshotsJudge(databaseNow: (database: string) => number): Judge {
  const denials = createKnownDenials(databaseNow);
  /** Calls of several in order that have asked one: the others' answers are older than theirs. */
  const asked = new Set<number>();
  return {
    name: "snapshots",
    promise:
      "What an isolate denies by itself, the database would deny at that moment, unless within the snapshot's greatest age another isolate gave back or reset, or this one did by a call that it had given up on or of a key that it has forgotten, remembering fewer than are in use, or one whose clock is ahead has brought a later time or ended the key's life, or of a bucket one has gone by other limits; and it tells to wait for no longer than the database would. By the database's clock, a ms less: both clocks tell whole ms.",
    see(happening, { accounts, complain }) {
      denials.see(happening);
      if (happening.type === "sent" && happening.call.limiter.members) asked.add(happening.call.id);
      if (happening.type !== "answered") return;
      const { call, decision } = happening;
      if (asked.delete(call.id) || decision?.source !== "snapshot" || call.operation === "wait") return;
      if (decision.allowed) return complain(`${call.key} was let pass without the store`);
      // Of several limiters those that deny are told.
      const parts = "parts" in decision ? (decision.parts as Readonly<Record<string, unknown>>) : undefined;
      const member = memberOf(call, decision);
      for (const level of levelsOf(call)) {
        if (level.member !== member) continue;
        if (parts && !(level.rule.name in parts)) continue;
        const told = (parts?.[level.rule.name] ?? decision) as Told;
        // Under a limit of 0 there is nothing to remember; the judge of limits knows.
        if (told.policies?.some(({ limit }) => limit === 0)) continue;
        const wrong = denials.wrongOf(level, happening, accounts, told.retryAfterMs);
        if (wrong) complain(wrong);
      }
    },
  };
}
