import { type Announced, unitMsOf } from "./announced.ts";
import type { Spread } from "./spread.ts";

/** When one client may ask next, learnt from what responses announce. */
export interface Pace {
  /** Takes the next place; ms until it, 0 for now. `undefined`, and no place, if nothing is left within `mostMs`. */
  take(now: number, mostMs: number): number | undefined;
  /** Leaves a place that comes to no response. */
  leave(): void;
  /** Learns from the response to a request that took a place. `toldMs`: how long a denial said to wait. */
  learn(quotas: readonly Announced[], now: number, toldMs?: number): void;
}

/**
 * Counts down what was announced and waits where nothing is left. With `gapOf` it also keeps a distance between requests.
 */
export function createPace(gapOf: ReturnType<Spread> | undefined, random: () => number): Pace {
  let gapMs = 0;
  let nextAt = 0;
  let toldAt = 0;
  let left = Infinity;
  let open = 0;
  /** Where nothing is left: when there is more, and the distance of requests from then on. */
  let more = { at: 0, gapMs: 0 };
  const refills = new Map<number, boolean>();

  const jittered = (ms: number) => ms * (0.5 + random());

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
      for (const { remaining, resetMs = 0, limit, windowMs } of quotas) {
        const unitMs = unitMsOf(limit, windowMs);
        // A bucket tells when it is whole, which follows from what is left; it gives one unit long before that.
        if (limit && remaining > 0) refills.set(unitMs, Math.abs((limit - remaining) * unitMs - resetMs) <= 1000);
        if (remaining - open < left) {
          left = remaining - open;
          const nextMs = refills.get(unitMs) ? unitMs : 0;
          more = { at: now + (nextMs || resetMs), gapMs: nextMs };
        }
      }
      const toldGapMs = gapOf?.(quotas, toldMs > 0);
      if (toldGapMs !== undefined) {
        gapMs = toldGapMs;
        // A place that was taken at another pace is given up.
        if (open < 1) nextAt = now + jittered(gapMs);
      }
      toldAt = Math.max(toldAt, now + toldMs);
      nextAt = Math.max(nextAt, toldAt);
      more.at += jittered(gapMs);
    },
  };
}
