-- Token bucket. One token is `window` units and each millisecond refills `limit` units, so nothing needs a fraction.
--
-- KEYS[1]  state: 12 bytes, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    units to take, cost * window; negative gives back
-- ARGV[3]  pace     units refilled per ms, the limit
-- ARGV[4]  ceiling  most units in use for this call to be allowed; below 0 only looks
-- Reply    {allowed 1 or 0, at, used}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen, below 2^43) and `used` (units missing from a full bucket, below 2^53) share
-- 96 bits: at * 2^5 + the high bits of used, then the 48 low bits of used.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, pace, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
-- @include clock
-- @include grace
-- @include unpack
local used = 0
if at and at > now then
  now, used = at, count
elseif at then
  used = count - (now - at) * pace
  if used < 0 then used = 0 end
end
local after = used + delta
if after > ceiling then return {0, now, used} end
if after < 0 then after = 0 elseif after > 9007199254740991 then after = 9007199254740991 end
local ttl = math.ceil(after / pace)
if ttl > 1e13 then ttl = 1e13 end
-- @include pack
return {1, now, after}
