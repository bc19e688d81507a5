import { timeOf } from "../time.ts";

/** One deadline over several requests that follow each other. */
export interface Budget {
  /** Ms that the next request gets: at most half of what is left, so that others can be asked behind it, or all; 0 if none is left. */
  hopMs(isLast: boolean): number;
  /** Counts what has passed, at least `leastMs`: a clock that is set back, or stands still, must not make the deadline longer. */
  passed(leastMs: number): void;
}

export function createBudget(totalMs: number, now: () => number): Budget {
  let leftMs = totalMs;
  let seenAt = timeOf(now);
  return {
    hopMs: (isLast) => (isLast ? leftMs : Math.min(leftMs, Math.max(1, Math.floor(leftMs / 2)))),
    passed(leastMs) {
      const at = timeOf(now);
      leftMs = Math.max(0, leftMs - Math.max(leastMs, at - seenAt));
      seenAt = at;
    },
  };
}
