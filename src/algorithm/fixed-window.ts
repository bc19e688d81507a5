import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, first, windowsAgo } from "./algorithm.ts";
import { fixedWindow } from "./scripts.ts";

/** Fixed window: one counter for each window; windows are aligned to the epoch. */
export const fixedWindowAlgorithm: Algorithm = {
  script: fixedWindow,
  code: "f",
  size: 1,
  advance: (counts, from, to, { pace: windowMs }) => [from < to - (to % windowMs) ? 0 : first(counts)],
  add(counts, delta, { pace: windowMs, since }, at) {
    const isGone = since !== undefined && windowsAgo(since, at, windowMs) > 0;
    return [Math.min(Math.max(0, first(counts) + (isGone ? 0 : delta)), MAX_UNITS)];
  },
  load: first,
  lifeMs: (_counts, at, { pace: windowMs }) => windowMs - (at % windowMs),
  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit }),
  remaining: (counts, _at, { limit }) => Math.max(0, limit - first(counts)),
  retryAfterMs(counts, at, { limit, windowMs }, cost) {
    if (cost > limit) return Infinity;
    return first(counts) + cost <= limit ? 0 : windowMs - (at % windowMs);
  },
};
