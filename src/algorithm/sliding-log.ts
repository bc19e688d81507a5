import type { Algorithm } from "./algorithm.ts";
import { slidingLog } from "./scripts.ts";
import { slidingLogStep } from "./sliding-log-step.ts";

/**
 * Sliding log: every admitted cost with its time, so that no window of any position ever holds more than the limit. Its
 * counts are a digest of the log, as the script replies it: the newest time, the running total, the total that has
 * left, `need` and `leaves` (the sum that has to leave for the denied call to pass, and the time of the entry it leaves
 * with), then the oldest pairs of time and running total that count, nine at most.
 */
export const slidingLogAlgorithm: Algorithm = {
  script: slidingLog,
  code: "l",
  size: 5,
  step: slidingLogStep,

  advance([newest = 0, total = 0, base = 0, need = 0, leaves = 0, ...oldest], _from, to, { pace: windowMs }) {
    let left = 0;
    while (left < oldest.length && (oldest[left] as number) <= to - windowMs) left += 2;
    const floor = left > 0 ? (oldest[left - 1] as number) : base;
    // Past the pairs that are known, nobody here knows what still counts, and what is not a number denies nothing.
    const known = left < oldest.length || floor === total ? floor : Number.NaN;
    return [newest, total, known, need, leaves, ...oldest.slice(left)];
  },
  add([newest = 0, total = 0, base = 0, ...rest], delta) {
    // What counts is their difference, and the total may be next to 2^53, where a sum would be rounded.
    return [newest, total, base - delta, ...rest];
  },
  load: ([_newest, total = 0, base = 0]) => total - base,
  lifeMs: ([newest = 0], at, { pace: windowMs }) => newest + windowMs - at,

  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit }),
  remaining: ([_newest, total = 0, base = 0], _at, { limit }) => Math.max(0, limit - (total - base)),
  retryAfterMs([_newest, total = 0, base = 0, need, leaves = 0, ...oldest], at, { limit, windowMs }, cost) {
    if (cost > limit) return Infinity;
    const sum = total - (limit - cost);
    if (sum <= base) return 0;
    if (sum === need && leaves > 0) return leaves + windowMs - at;
    const i = oldest.findIndex((value, index) => index % 2 === 1 && value >= sum);
    return i < 0 ? Number.NaN : (oldest[i - 1] as number) + windowMs - at;
  },
};
