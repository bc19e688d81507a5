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
-- @include number
-- @include bytes
local value = call('GET', key)
local used = 0
if value and #value == 12 then
  local a, b, c, d, e, f, g, h, i, j, k, l = string.byte(value, 1, 12)
  local high = f % 32
  local at = (number(a, b, c, d, e, f) - high) / 32
  if at <= now + GRACE or at <= now + 86400000 and call('PTTL', key) > GRACE then
    used = high * 281474976710656 + number(g, h, i, j, k, l)
    if at > now then
      now = at
    else
      used = used - (now - at) * pace
      if used < 0 then used = 0 end
    end
  end
end
local after = used + delta
if after > ceiling then return {0, now, used} end
if after < 0 then after = 0 elseif after > 9007199254740991 then after = 9007199254740991 end
local ttl = math.ceil(after / pace)
if ttl > 1e13 then ttl = 1e13 end
local low = after % 281474976710656
call('SET', key, bytes(now * 32 + (after - low) / 281474976710656) .. bytes(low), 'PX', ttl + GRACE)
return {1, now, after}
