-- Sliding window, two counters: what was taken in the window before weighs as much as that window still overlaps with
-- the last `window` ms. Everything is multiplied by `window`, so nothing needs a fraction.
--
-- KEYS[1]  state: 12 or 20 bytes, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    cost to take; negative gives back
-- ARGV[3]  window   ms
-- ARGV[4]  ceiling  most current * window + previous * overlap for this call to be allowed; below 0 only looks
-- ARGV[5]  since    optional: when that was taken, ms, of which a negative delta gives back: to the same window alone
-- Reply    {allowed 1 or 0, at, current, previous}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen) in six bytes, then `current` and `previous` in three each, or in seven if one
-- needs it. Windows are aligned to the epoch, so `at` tells which one is current.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, window, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
local since = args[5] and args[5] + 0
-- @include clock
-- @include grace
local value = call('GET', key)
local current, previous, ahead = 0, 0, false
local elapsed = now % window
if value and (#value == 12 or #value == 20) then
  local a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t = string.byte(value, 1, 20)
  local at = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
  if at <= now + GRACE or call('PTTL', key) > GRACE then
    if m then
      -- @include number
      current = g * 2^48 + number(h, i, j, k, l, m)
      previous = n * 2^48 + number(o, p, q, r, s, t)
    else
      current = (g * 256 + h) * 256 + i
      previous = (j * 256 + k) * 256 + l
    end
    if at > now then
      now, elapsed, ahead = at, at % window, at >= now + window
    elseif at < now - elapsed then
      previous = at >= now - elapsed - window and current or 0
      current = 0
    end
  end
end
local after, before = current + delta, previous
if since then
  local start = now - elapsed
  after = since >= start and since <= now and math.max(0, after) or current
  if since < start and since >= start - window then before = math.max(0, previous + delta) end
elseif after < 0 then
  before = before + after
  if before < 0 then before = 0 end
  after = 0
end
if after * window + before * (window - elapsed) > ceiling then return {0, now, current, previous} end
if after > 2^53 - 1 then after = 2^53 - 1 end
local ttl = window - elapsed
if after > 0 then
  -- A clock that runs a window ahead or more must not hold up the others for longer than one window. Less than that is a
  -- call overtaken on its way, which must not make the state expire before it is whole.
  ttl = ahead and window or ttl + window
end
if after < 16777216 and before < 16777216 then
  -- The common form, written out for speed: at in a to f, after in g to i, before in j to l.
  local f, i, l = now % 256, after % 256, before % 256
  local high, middle, low = (now - f) / 256, (after - i) / 256, (before - l) / 256
  local e, h, k = high % 256, middle % 256, low % 256
  high = (high - e) / 256
  local d = high % 256
  high = (high - d) / 256
  local c = high % 256
  high = (high - c) / 256
  local b = high % 256
  value = string.char((high - b) / 256, b, c, d, e, f, (middle - h) / 256, h, i, (low - k) / 256, k, l)
else
  -- @include bytes
  local low, below = after % 2^48, before % 2^48
  value = bytes(now) .. string.char((after - low) / 2^48) .. bytes(low)
    .. string.char((before - below) / 2^48) .. bytes(below)
end
call('SET', key, value, 'PX', ttl + GRACE)
return {1, now, after, before}
