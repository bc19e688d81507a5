import type { CallMade, Happening } from "../world/history.ts";
import { type Account, type Accounts, GRACE_MS, retryAfter } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { type Level, levelsOf, memberOf } from "./levels.ts";

/** An isolate that remembers fewer may forget, within one round trip, that it gave a key back, and then hear an older answer. */
const MANY_KEYS = 1000;

type Answered = Extract<Happening, { type: "answered" }>;

interface Told {
  readonly retryAfterMs: number;
  readonly policies?: readonly { readonly limit: number }[];
}

export function snapshotsJudge(databaseNow: (database: string) => number): Judge {
  /** When calls that gave back were answered. */
  const answeredAt = new Map<number, number>();
  const clocksSet = new Set<number>();
  /** Calls of several in order that have asked one: the others' answers are older than theirs. */
  const asked = new Set<number>();
  return {
    name: "snapshots",
    promise:
      "What an isolate denies by itself, the database would deny at that moment, unless within the snapshot's greatest age another isolate gave back or reset, or this one did by a call that it had given up on or of a key that it has forgotten, remembering fewer than are in use, or one whose clock is ahead has brought a later time or ended the key's life, or of a bucket one has gone by other limits; and it tells to wait for no longer than the database would. By the database's clock, a ms less: both clocks tell whole ms.",
    see(happening, { accounts, complain }) {
      if (happening.type === "clock") clocksSet.add(happening.isolate);
      if (happening.type === "sent" && happening.call.limiter.members) asked.add(happening.call.id);
      if (happening.type !== "answered") return;
      const { call, decision, at } = happening;
      const { operation } = call;
      if (operation === "refund" || operation === "reset" || operation === "wait" || operation === "settle")
        answeredAt.set(call.id, at);
      if (asked.delete(call.id) || decision?.source !== "snapshot" || operation === "wait") return;
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
        const wrong = clocksSet.has(call.isolate) ? undefined : wrongOf(level, happening, accounts, told.retryAfterMs);
        if (wrong) complain(wrong);
      }
    },
  };

  /** What is wrong with a level's denial. A clock that was set cannot tell how old a snapshot is. */
  function wrongOf(level: Level, { call, now, at }: Answered, accounts: Accounts, retryAfterMs: number) {
    const { rule, key } = level;
    const { snapshots, database, policies, clock } = rule;
    if (!snapshots) return `${key} was denied without the store, though no snapshots are kept`;
    const account = accounts.of(level, call);
    if (!account) return `${key} was denied though nothing was ever taken`;
    const storeNow = databaseNow(database);
    if (clock === "isolate" && (account.latest > now || storeNow - now - account.leastLagMs > GRACE_MS))
      return undefined;
    // The isolate may have asked a little before: as long as an answer may take.
    const withinMs = snapshots.maxAgeMs + rule.timeoutMs;
    if (gaveBackLately(account, call, at, withinMs, snapshots.maxKeys >= MANY_KEYS)) return undefined;
    // What flows in by another isolate's pace is as unseen.
    const hasBucket = policies.some(({ kind }) => kind === "bucket");
    if (hasBucket && at - account.limitedAt <= withinMs) return undefined;
    const units = policies.map(() => call.cost);
    // Buckets lend, whatever else a set holds, but not where limiters are asked in order.
    const lends = call.operation === "consume" && !call.limiter.members;
    const delaysMs = policies.map(({ kind }) => (lends && kind === "bucket" ? call.waitMs : 0));
    const time = clock === "redis" ? storeNow - 1 : now;
    if (passesAfter(account, units, time, storeNow, delaysMs) === 0)
      return `${call.cost} on ${key} was denied by a snapshot, though the database would take it`;
    const passes = passesAfter(account, units, time, storeNow);
    if (retryAfterMs <= passes) return undefined;
    return `${key} was told by a snapshot to wait ${retryAfterMs} ms where ${passes} ms are enough`;
  }

  function gaveBackLately(
    { givenBack }: Account,
    call: CallMade,
    at: number,
    withinMs: number,
    remembers: boolean,
  ): boolean {
    return givenBack.some((one) => {
      // One that was given up on and carried out later is as unseen as another isolate's.
      const isKnown = remembers && one.call?.isolate === call.isolate && one.at <= (answeredAt.get(one.call.id) ?? -1);
      return !isKnown && at - one.at <= withinMs;
    });
  }
}

/** Ms until the database would take it from a caller whose clock shows `now`, with nothing else taken. */
function passesAfter(
  { books, latest, written }: Account,
  units: readonly number[],
  now: number,
  databaseNow: number,
  delaysMs: readonly number[] = [],
): number {
  const leftMs = (written?.endsAt ?? 0) - databaseNow;
  const leadMs = Math.max(0, latest - now);
  const lives = leadMs > GRACE_MS ? leftMs > GRACE_MS : leftMs >= 0;
  return lives ? retryAfter(books, units, Math.max(now, latest), delaysMs) + leadMs : 0;
}
