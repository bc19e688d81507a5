import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, onlyLook, used } from "./algorithm.ts";
import { tokenBucket } from "./scripts.ts";

/**
 * Token bucket: `limit` tokens per window flow in continuously, up to `burst`. The only count is what is missing from
 * a full bucket. One token is `windowMs` units and 1 ms refills `limit` units: 5 tokens per 10 s give 5 units per ms,
 * and a token after 10 000 units, 2 s.
 */
export const tokenBucketAlgorithm: Algorithm = {
  script: tokenBucket,
  code: "b",
  size: 1,

  advance: (counts, from, to, pace) => [Math.max(0, used(counts) - (to - from) * pace)],
  add: (counts, delta) => [Math.min(Math.max(0, used(counts) + delta), MAX_UNITS)],
  load: used,
  lifeMs: (counts, _at, pace) => Math.ceil(used(counts) / pace),

  demand: ({ limit, windowMs, burst }, cost, maxDelayMs) => ({
    delta: cost * windowMs,
    pace: limit,
    ceiling: cost > burst ? onlyLook(0) : Math.min(burst * windowMs + maxDelayMs * limit, MAX_UNITS - 1),
  }),
  remaining: (counts, _at, { burst, windowMs }) =>
    Math.max(0, Math.floor((burst * windowMs - used(counts)) / windowMs)),
  retryAfterMs: (counts, _at, { limit, burst, windowMs }, cost) =>
    cost > burst ? Infinity : Math.max(0, Math.ceil((used(counts) - (burst - cost) * windowMs) / limit)),
  delayMs: (counts, { limit, burst, windowMs }) => Math.max(0, Math.ceil((used(counts) - burst * windowMs) / limit)),
};
