-- Token bucket. One token is `window` units and each millisecond refills `limit` units, so nothing needs a fraction.
--
-- KEYS[1]  state: 12 bytes, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    units to take, cost * window; negative gives back
-- ARGV[3]  pace     units refilled per ms, the limit
-- ARGV[4]  ceiling  most units in use for this call to be allowed; below 0 only looks
-- ARGV[5]  full     units of a full bucket, burst * window
-- ARGV[6]  window   ms
-- ARGV[7]  since    optional: when that was taken, ms, of which a negative delta gives back; with a ceiling, when the bucket would be
--                   whole without that
-- Reply    {allowed 1 or 0, at, count}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen, below 2^42), a bit for debt and `count` (below 2^53) share 96 bits: at * 2^6 + debt *
-- 2^5 + the high bits of count, then the 48 low bits of count. Without debt `count` is the units missing from a full
-- bucket, with it those taken beyond that; the reply tells a debt as a negative count.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, pace, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
local full, window, since = args[5] + 0, args[6] + 0, args[7] and args[7] + 0
-- @include clock
-- @include grace
-- @include unpack
-- @include bucket
if after > ceiling then return {0, now, used > full and full - used or used} end
local debt, ttl = 0, math.min(life, 1e13)
count = after
if after > full then debt, count = 32, after - full end
-- @include pack
return {1, now, debt > 0 and -count or count}
