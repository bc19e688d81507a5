import type { Announced } from "./announced.ts";

/** When one client may ask next, learnt from what responses announce. */
export interface Pace {
  /** Takes the next place; ms until it, 0 for now. `undefined`, and no place, if nothing is left within `mostMs`. */
  take(now: number, mostMs: number): number | undefined;
  /** Leaves a place that comes to no response. */
  leave(): void;
  /** Learns from the response to a request that took a place. `toldMs`: how long a denial said to wait. */
  learn(quotas: readonly Announced[], now: number, toldMs?: number): void;
}

/** The part of a quota without a known end that stays unused, so that no request meets an empty one. */
const RESERVE = 0.02;

/** The slowest pace asks once in this many windows. */
const MOST_WINDOWS = 16;

/**
 * Counts down what was announced and waits where nothing is left. With `spread` it also keeps a distance between requests,
 * so that clients who share a quota without knowing each other leave each other room. Where a quota has more left than its
 * window's time, the client asks more often; where it has less, more rarely: all see the same number, so together they
 * come to the quota's pace.
 */
export function createPace(spread: boolean, random: () => number): Pace {
  let share = 1;
  let gapMs = 0;
  let nextAt = 0;
  let toldAt = 0;
  let left = Infinity;
  let open = 0;
  /** Where nothing is left: when there is more, and the distance of requests from then on. */
  let more = { at: 0, gapMs: 0 };
  let last: Announced | undefined;
  const refills = new Map<number, boolean>();

  const jittered = (ms: number) => ms * (0.5 + random());

  function shareOf(quota: Announced, pressure: number, isDenied: boolean): number {
    const { limit = 1, remaining } = quota;
    // Between two of this client's requests others took the rest: a bound on its share, and a quick one.
    const taken = last?.limit === limit ? last.remaining - remaining : 0;
    last = quota;
    const most = taken > 0 ? Math.min(share, 2 / taken) : share;
    const next = most * pressure ** 0.25 * (isDenied ? 0.7 : 1);
    return Math.min(1, Math.max(next, 1 / (MOST_WINDOWS * limit)));
  }

  return {
    take(now, mostMs) {
      const isEmpty = left < 1;
      let at = Math.max(now, nextAt, isEmpty ? more.at : 0);
      if (at > now + mostMs) {
        if (isEmpty || toldAt > now + mostMs) return undefined;
        // What only leaves others room must not cost the call.
        at = now + mostMs;
      }
      nextAt = at + Math.max(jittered(gapMs), isEmpty ? more.gapMs : 0);
      left -= 1;
      open += 1;
      return at - now;
    },

    leave() {
      open -= 1;
    },

    learn(quotas, now, toldMs = 0) {
      open -= 1;
      left = Infinity;
      let slowest = { gapMs: 0, pressure: 1 };
      let binding: Announced | undefined;
      for (const quota of quotas) {
        const { remaining, resetMs = 0, limit, windowMs } = quota;
        // Told in whole seconds, rounded up.
        const endMs = Math.max(resetMs - 500, 1);
        // A window that ends after its own length has no end: it slides, or it is a bucket with nothing left.
        const hasEnd = windowMs === undefined || resetMs < windowMs;
        const unitMs = limit && windowMs ? Math.ceil(windowMs / limit) : 0;
        // A bucket tells when it is whole, which follows from what is left; it gives one unit long before that.
        if (limit && remaining > 0) refills.set(unitMs, Math.abs((limit - remaining) * unitMs - resetMs) <= 1000);
        if (remaining - open < left) {
          left = remaining - open;
          const nextMs = refills.get(unitMs) ? unitMs : 0;
          more = { at: now + (nextMs || resetMs), gapMs: nextMs };
        }
        if (!spread || !limit || !windowMs) continue;
        const part = remaining / limit;
        const pressure = Math.min(4, Math.max(1 / 4, hasEnd ? (part * windowMs) / endMs : part / RESERVE));
        if (unitMs / pressure < slowest.gapMs) continue;
        slowest = { gapMs: unitMs / pressure, pressure };
        binding = quota;
      }
      if (binding) {
        share = shareOf(binding, slowest.pressure, toldMs > 0);
        const isAlone = share > 0.5 && binding.remaining > (binding.limit ?? 0) / 2;
        gapMs = isAlone ? 0 : slowest.gapMs / share;
        // A place that was taken at another pace is given up.
        if (open < 1) nextAt = now + jittered(gapMs);
      }
      toldAt = Math.max(toldAt, now + toldMs);
      nextAt = Math.max(nextAt, toldAt);
      more.at += jittered(gapMs);
    },
  };
}
