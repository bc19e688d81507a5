import { MAX_UNITS } from "../core/whole-number.ts";
import type { Algorithm } from "./algorithm.ts";
import { fixedWindow } from "./scripts.ts";

/** Fixed window: one counter for each window; windows are aligned to the epoch. */
export const fixedWindowAlgorithm: Algorithm = {
  script: fixedWindow,
  code: "f",
  size: 1,

  advance: ([count = 0], from, to, windowMs) => [from < to - (to % windowMs) ? 0 : count],
  add: ([count = 0], delta) => [Math.min(Math.max(0, count + delta), MAX_UNITS)],
  load: ([count = 0]) => count,
  lifeMs: (_counts, at, windowMs) => windowMs - (at % windowMs),

  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit }),
  remaining: ([count = 0], _at, { limit }) => Math.max(0, limit - count),
  retryAfterMs([count = 0], at, { limit, windowMs }, cost) {
    if (cost > limit) return Infinity;
    return count + cost <= limit ? 0 : windowMs - (at % windowMs);
  },
};
