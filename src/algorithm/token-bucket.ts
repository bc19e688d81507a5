import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, type Counts, first, NO_CEILING, onlyLook } from "./algorithm.ts";
import { tokenBucket } from "./scripts.ts";

/**
 * Token bucket: `limit` tokens per window flow in continuously, up to `burst`. One token is `windowMs` units and 1 ms
 * refills `limit` units: 5 tokens per 10 s give 5 units per ms, and a token after 10 000 units, 2 s. The only count is what
 * is missing from a full bucket or, below 0, what was taken beyond that: so under another limit than before no more counts
 * than a full bucket and the debt.
 */
export const tokenBucketAlgorithm: Algorithm = {
  script: tokenBucket,
  code: "b",
  size: 1,
  advance: (counts, from, to, { pace, full = 0 }) => [
    countOf(Math.max(0, inUse(counts, full) - (to - from) * pace), full),
  ],
  add(counts, delta, { pace, full = 0, ceiling, since }, at) {
    let more = delta;
    // Less what may have refilled: then no less is in use than if what comes back had never been taken. A later time is of a state
    // that is gone; where there is a ceiling, for one who leaves the queue, it is when a bucket without it is whole.
    if (since !== undefined && (since <= at || ceiling >= NO_CEILING))
      more = since > at ? 0 : Math.min(0, delta + (at - since) * pace);
    return [countOf(Math.min(Math.max(0, inUse(counts, full) + more), MAX_UNITS), full)];
  },
  load: (counts, _at, { full = 0 }) => inUse(counts, full),
  lifeMs(counts, _at, { pace, full = 0, windowMs = 0 }) {
    const used = inUse(counts, full);
    // As long as any limit takes to refill it, since the next call may bring another limit.
    return used === 0 ? 0 : Math.max(windowMs, Math.ceil(Math.max(full, used) / pace));
  },
  emptyAfterMs: (counts, { pace, full = 0 }) => Math.ceil(inUse(counts, full) / pace),
  demand: ({ limit, windowMs, burst }, cost, maxDelayMs) => ({
    delta: cost * windowMs,
    pace: limit,
    ceiling: cost > burst ? onlyLook(0) : Math.min(burst * windowMs + maxDelayMs * limit, MAX_UNITS - 1),
    full: burst * windowMs,
    windowMs,
  }),
  remaining: (counts, _at, { burst, windowMs }) =>
    Math.max(0, Math.floor((burst * windowMs - inUse(counts, burst * windowMs)) / windowMs)),
  retryAfterMs: (counts, _at, { limit, burst, windowMs }, cost) =>
    cost > burst
      ? Infinity
      : Math.max(0, Math.ceil((inUse(counts, burst * windowMs) - (burst - cost) * windowMs) / limit)),
  delayMs: (counts, { limit, burst, windowMs }) =>
    Math.max(0, Math.ceil((inUse(counts, burst * windowMs) - burst * windowMs) / limit)),
};

function inUse(counts: Counts, full: number): number {
  const count = first(counts);
  return count < 0 ? full - count : Math.min(count, full);
}

function countOf(used: number, full: number): number {
  return used > full ? full - used : used;
}
