import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, used } from "./algorithm.ts";
import { fixedWindow } from "./scripts.ts";

/** Fixed window: one counter for each window; windows are aligned to the epoch. */
export const fixedWindowAlgorithm: Algorithm = {
  script: fixedWindow,
  code: "f",
  size: 1,

  advance: (counts, from, to, windowMs) => [from < to - (to % windowMs) ? 0 : used(counts)],
  add: (counts, delta) => [Math.min(Math.max(0, used(counts) + delta), MAX_UNITS)],
  load: used,
  lifeMs: (_counts, at, windowMs) => windowMs - (at % windowMs),

  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit }),
  remaining: (counts, _at, { limit }) => Math.max(0, limit - used(counts)),
  retryAfterMs(counts, at, { limit, windowMs }, cost) {
    if (cost > limit) return Infinity;
    return used(counts) + cost <= limit ? 0 : windowMs - (at % windowMs);
  },
};
