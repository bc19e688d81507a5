-- Fixed window: one counter per window, windows aligned to the epoch.
--
-- KEYS[1]  state: 12 bytes, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    cost to take; negative gives back
-- ARGV[3]  window   ms
-- ARGV[4]  ceiling  most units counted for this call to be allowed; below 0 only looks
-- ARGV[5]  since    optional: when that was taken, ms, of which a negative delta gives back: to the same window alone
-- Reply    {allowed 1 or 0, at, count}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen, below 2^42) and `count` (below 2^53) share 96 bits, as in token-bucket.lua.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, window, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
local since = args[5] and args[5] + 0
-- @include clock
-- @include grace
-- @include unpack
if count < 0 or seen < now - now % window then count = 0 end
if since and (since < now - now % window or since > now) then delta = 0 end
local after = count + delta
if after > ceiling then return {0, now, count} end
if after < 0 then after = 0 elseif after > 2^53 - 1 then after = 2^53 - 1 end
local debt, ttl = 0, window - now % window
count = after
-- @include pack
return {1, now, count}
