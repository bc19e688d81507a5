import type { CallMade } from "../world/history.ts";
import { type Account, GRACE_MS, retryAfter } from "./accounts.ts";
import type { Judge } from "./judge.ts";

export function snapshotsJudge(databaseNow: (database: string) => number): Judge {
  /** Calls that gave back and are answered. */
  const answered = new Set<number>();
  const clocksSet = new Set<number>();
  return {
    name: "snapshots",
    promise:
      "What an isolate denies by itself, the database would deny at that moment, unless within the snapshot's greatest age another isolate gave back or reset, or one whose clock is ahead has brought a later time or ended the key's life; and it tells to wait for no longer than the database would. By the database's clock, a ms less: both clocks tell whole ms.",
    see(happening, { accounts, complain }) {
      if (happening.type === "clock") clocksSet.add(happening.isolate);
      if (happening.type !== "answered") return;
      const { call, decision, now, at } = happening;
      const { operation } = call;
      if (operation === "refund" || operation === "reset" || operation === "wait") answered.add(call.id);
      if (decision?.source !== "snapshot" || operation === "wait") return;
      if (decision.allowed) return complain(`${call.key} was let pass without the store`);
      const { snapshots, database, policies } = call.limiter;
      if (!snapshots) return complain(`${call.key} was denied without the store, though no snapshots are kept`);
      const account = accounts.of(call);
      if (!account) return complain(`${call.key} was denied though nothing was ever taken`);
      // A clock that was set cannot tell how old a snapshot is.
      const storeNow = databaseNow(database);
      if (call.limiter.clock === "isolate" && (account.latest > now || storeNow - now - account.leastLagMs > GRACE_MS))
        return;
      if (clocksSet.has(call.isolate) || gaveBackLately(account, call, at, snapshots.maxAgeMs)) return;
      const units = policies.map(() => call.cost);
      const passes = passesAfter(account, units, call.limiter.clock === "redis" ? storeNow - 1 : now, storeNow);
      const delayMs = operation === "consume" && policies.every(({ kind }) => kind === "bucket") ? call.waitMs : 0;
      if (passes <= delayMs)
        complain(`${call.cost} on ${call.key} was denied by a snapshot, though the database would take it`);
      else if (decision.retryAfterMs > passes) {
        complain(
          `${call.key} was told by a snapshot to wait ${decision.retryAfterMs} ms where ${passes} ms are enough`,
        );
      }
    },
  };

  function gaveBackLately({ givenBack }: Account, call: CallMade, at: number, maxAgeMs: number): boolean {
    return givenBack.some((one) => {
      const isKnown = one.call?.isolate === call.isolate && answered.has(one.call.id);
      // The isolate may have asked a little before: as long as an answer may take.
      return !isKnown && at - one.at <= maxAgeMs + call.limiter.timeoutMs;
    });
  }
}

/** Ms until the database would take it from a caller whose clock shows `now`, with nothing else taken. */
function passesAfter({ books, latest, written }: Account, units: readonly number[], now: number, databaseNow: number) {
  const leftMs = (written?.endsAt ?? 0) - databaseNow;
  const leadMs = Math.max(0, latest - now);
  const lives = leadMs > GRACE_MS ? leftMs > GRACE_MS : leftMs >= 0;
  return lives ? retryAfter(books, units, Math.max(now, latest)) + leadMs : 0;
}
