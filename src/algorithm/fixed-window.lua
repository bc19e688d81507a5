-- Fixed window: one counter per window, windows aligned to the epoch.
--
-- KEYS[1]  state: 12 bytes, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    cost to take; negative gives back
-- ARGV[3]  window   ms
-- ARGV[4]  ceiling  most units counted for this call to be allowed; below 0 only looks
-- Reply    {allowed 1 or 0, at, count}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen, below 2^43) and `count` (below 2^53) share 96 bits: at * 2^5 + the high bits of
-- count, then the 48 low bits of count.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, window, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
local value = call('GET', key)
local count = 0
if value and #value == 12 then
  local a, b, c, d, e, f, g, h, i, j, k, l = string.byte(value, 1, 12)
  local high = f % 32
  local at = (number(a, b, c, d, e, f) - high) / 32
  if at <= now + GRACE or at <= now + 86400000 and call('PTTL', key) > GRACE then
    if at > now then now = at end
    if at >= now - now % window then
      count = high * 281474976710656 + number(g, h, i, j, k, l)
    end
  end
end
local after = count + delta
if after > ceiling then return {0, now, count} end
if after < 0 then after = 0 elseif after > 9007199254740991 then after = 9007199254740991 end
local low = after % 281474976710656
call('SET', key, bytes(now * 32 + (after - low) / 281474976710656) .. bytes(low), 'PX',
  window - now % window + GRACE)
return {1, now, after}
