import { MAX_UNITS } from "../core/whole-number.ts";
import type { Algorithm, Counts } from "./algorithm.ts";
import { slidingWindow } from "./scripts.ts";

/**
 * Sliding window with two counters: what was taken in the window before weighs as much as that window still overlaps
 * with the last `windowMs`. Windows are aligned to the epoch. The load is the weighted count times `windowMs`.
 * Source of the idea: Cloudflare, "How we built rate limiting capable of scaling to millions of domains" (2017).
 */
export const slidingWindowAlgorithm: Algorithm = {
  script: slidingWindow,
  code: "s",
  size: 2,

  advance(counts, from, to, windowMs) {
    const start = to - (to % windowMs);
    if (from >= start) return [inThis(counts), inLast(counts)];
    return [0, from >= start - windowMs ? inThis(counts) : 0];
  },
  add(counts, delta) {
    const taken = inThis(counts) + delta;
    return taken < 0 ? [0, Math.max(0, inLast(counts) + taken)] : [Math.min(taken, MAX_UNITS), inLast(counts)];
  },
  load: (counts, at, windowMs) => inThis(counts) * windowMs + inLast(counts) * (windowMs - (at % windowMs)),
  lifeMs(counts, at, windowMs, leadMs) {
    const left = windowMs - (at % windowMs);
    if (inThis(counts) === 0) return left;
    return leadMs >= windowMs ? windowMs : left + windowMs;
  },

  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit * windowMs }),
  remaining: (counts, at, { limit, windowMs }) =>
    Math.max(0, Math.floor((limit * windowMs - slidingWindowAlgorithm.load(counts, at, windowMs)) / windowMs)),
  retryAfterMs(counts, at, { limit, windowMs }, cost) {
    if (cost > limit) return Infinity;
    const [current, previous] = [inThis(counts), inLast(counts)];
    const elapsed = at % windowMs;
    const room = limit - cost;
    if (current <= room) return Math.max(0, passesAfterMs(previous, room - current, windowMs) - elapsed);
    return windowMs - elapsed + passesAfterMs(current, room, windowMs);
  },
};

/** Ms into a window after which `previous` weighs at most `room` units. */
function passesAfterMs(previous: number, room: number, windowMs: number): number {
  return previous <= room ? 0 : windowMs - Math.floor((room * windowMs) / previous);
}

function inThis(counts: Counts): number {
  return counts[0] ?? 0;
}

function inLast(counts: Counts): number {
  return counts[1] ?? 0;
}
