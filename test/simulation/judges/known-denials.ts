import type { CallMade, Happening } from "../world/history.ts";
import { type Account, type Accounts, GRACE_MS, retryAfter } from "./accounts.ts";
import type { Level } from "./levels.ts";

/** An isolate that remembers fewer may forget, within one round trip, that it gave a key back, and then hear an older answer. */
const MANY_KEYS = 1000;

/** A call that its isolate decides by itself: the true time, and the isolate's clock. */
interface Moment {
  readonly call: CallMade;
  readonly at: number;
  readonly now: number;
}

/** What an isolate may deny without asking. */
export interface KnownDenials {
  see(happening: Happening): void;
  /** What is wrong with a denial of a level of a call, where `retryAfterMs` was told; undefined where the database would deny, too. */
  wrongOf(level: Level, moment: Moment, accounts: Accounts, retryAfterMs: number): string | undefined;
}

/** `databaseNow`: the clock of a database. */
export function createKnownDenials(databaseNow: (database: string) => number): KnownDenials {
  /** When calls that gave back were answered. */
  const answeredAt = new Map<number, number>();
  const clocksSet = new Set<number>();

  return {
    see(happening) {
      if (happening.type === "clock") clocksSet.add(happening.isolate);
      if (happening.type !== "answered") return;
      const { call, at } = happening;
      const { operation } = call;
      if (operation === "refund" || operation === "reset" || operation === "wait" || operation === "settle")
        answeredAt.set(call.id, at);
    },
    wrongOf,
  };

  /** A clock that was set cannot tell how old a snapshot is. */
  function wrongOf(level: Level, { call, now, at }: Moment, accounts: Accounts, retryAfterMs: number) {
    const { rule, key } = level;
    if (clocksSet.has(call.isolate)) return undefined;
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
