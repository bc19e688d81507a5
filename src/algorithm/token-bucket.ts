import { MAX_UNITS } from "../core/whole-number.ts";
import { type Algorithm, onlyLook } from "./algorithm.ts";
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

  advance: ([used = 0], from, to, pace) => [Math.max(0, used - (to - from) * pace)],
  add: ([used = 0], delta) => [Math.min(Math.max(0, used + delta), MAX_UNITS)],
  load: ([used = 0]) => used,
  lifeMs: ([used = 0], _at, pace) => Math.ceil(used / pace),

  demand: ({ limit, windowMs, burst }, cost, maxDelayMs) => ({
    delta: cost * windowMs,
    pace: limit,
    ceiling: cost > burst ? onlyLook(0) : Math.min(burst * windowMs + maxDelayMs * limit, MAX_UNITS - 1),
  }),
  remaining: ([used = 0], _at, { burst, windowMs }) => Math.max(0, Math.floor((burst * windowMs - used) / windowMs)),
  retryAfterMs: ([used = 0], _at, { limit, burst, windowMs }, cost) =>
    cost > burst ? Infinity : Math.max(0, Math.ceil((used - (burst - cost) * windowMs) / limit)),
  delayMs: ([used = 0], { limit, burst, windowMs }) => Math.max(0, Math.ceil((used - burst * windowMs) / limit)),
};
