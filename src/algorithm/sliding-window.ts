import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, type Counts, first, windowsAgo } from "./algorithm.ts";
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

  advance(counts, from, to, { pace: windowMs }) {
    const start = to - (to % windowMs);
    if (from >= start) return [first(counts), inLast(counts)];
    return [0, from >= start - windowMs ? first(counts) : 0];
  },
  add(counts, delta, { pace: windowMs, since }, at) {
    const taken = first(counts) + delta;
    if (since !== undefined) {
      const ago = windowsAgo(since, at, windowMs);
      if (ago === 0) return [Math.max(0, taken), inLast(counts)];
      return [first(counts), Math.max(0, inLast(counts) + (ago === 1 ? delta : 0))];
    }
    return taken < 0 ? [0, Math.max(0, inLast(counts) + taken)] : [Math.min(taken, MAX_UNITS), inLast(counts)];
  },
  load: (counts, at, { pace: windowMs }) => weighted(counts, at, windowMs),
  lifeMs(counts, at, { pace: windowMs }, leadMs) {
    const left = windowMs - (at % windowMs);
    if (first(counts) === 0) return left;
    return leadMs >= windowMs ? windowMs : left + windowMs;
  },

  demand: ({ limit, windowMs }, cost) => ({ delta: cost, pace: windowMs, ceiling: limit * windowMs }),
  remaining: (counts, at, { limit, windowMs }) =>
    Math.max(0, Math.floor((limit * windowMs - weighted(counts, at, windowMs)) / windowMs)),
  retryAfterMs(counts, at, { limit, windowMs }, cost) {
    if (cost > limit) return Infinity;
    const [current, previous] = [first(counts), inLast(counts)];
    const elapsed = at % windowMs;
    const room = limit - cost;
    if (current <= room) return Math.max(0, passesAfterMs(previous, room - current, windowMs) - elapsed);
    return windowMs - elapsed + passesAfterMs(current, room, windowMs);
  },
};

/** The weighted count times `windowMs`. */
function weighted(counts: Counts, at: number, windowMs: number): number {
  return first(counts) * windowMs + inLast(counts) * (windowMs - (at % windowMs));
}

/** Ms into a window after which `previous` weighs at most `room` units. */
function passesAfterMs(previous: number, room: number, windowMs: number): number {
  return previous <= room ? 0 : windowMs - Math.floor((room * windowMs) / previous);
}

function inLast(counts: Counts): number {
  return counts[1] ?? 0;
}
