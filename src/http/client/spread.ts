import { type Announced, unitMsOf } from "./announced.ts";

/** For one quota of one client: ms to keep between requests after a response; `undefined` leaves them as they are. */
export type Spread = () => (quotas: readonly Announced[], isDenied: boolean) => number | undefined;

/** The part of a quota without a known end that stays unused, so that no request meets an empty one. */
const RESERVE = 0.02;

/** The slowest pace asks once in this many windows. */
const MOST_WINDOWS = 16;

/**
 * For `createFetch({ spread })`: keeps a distance between requests even while something is left, so that clients who share a
 * quota without knowing each other leave each other room. Where a quota has more left than its window's time, the client asks
 * more often; where it has less, more rarely: all see the same number, so together they come to the quota's pace.
 */
export const spread: Spread = () => {
  let share = 1;
  let last: Announced | undefined;

  function shareOf(quota: Announced, pressure: number, isDenied: boolean): number {
    const { limit = 1, remaining } = quota;
    // Between two of this client's requests others took the rest: a bound on its share, and a quick one.
    const taken = last?.limit === limit ? last.remaining - remaining : 0;
    last = quota;
    const most = taken > 0 ? Math.min(share, 2 / taken) : share;
    const next = most * pressure ** 0.25 * (isDenied ? 0.7 : 1);
    return Math.min(1, Math.max(next, 1 / (MOST_WINDOWS * limit)));
  }

  return (quotas, isDenied) => {
    let slowest = { gapMs: 0, pressure: 1 };
    let binding: Announced | undefined;
    for (const quota of quotas) {
      const { remaining, resetMs = 0, limit, windowMs } = quota;
      if (!limit || !windowMs) continue;
      // Told in whole seconds, rounded up.
      const endMs = Math.max(resetMs - 500, 1);
      // A window that ends after its own length has no end: it slides, or it is a bucket with nothing left.
      const part = remaining / limit;
      const pressure = Math.min(4, Math.max(1 / 4, resetMs < windowMs ? (part * windowMs) / endMs : part / RESERVE));
      const gapMs = unitMsOf(limit, windowMs) / pressure;
      if (gapMs < slowest.gapMs) continue;
      slowest = { gapMs, pressure };
      binding = quota;
    }
    if (!binding) return undefined;
    share = shareOf(binding, slowest.pressure, isDenied);
    const isAlone = share > 0.5 && binding.remaining > (binding.limit ?? 0) / 2;
    return isAlone ? 0 : slowest.gapMs / share;
  };
};
