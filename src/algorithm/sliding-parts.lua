-- Sliding window in parts: a part is a number of units and the time of the last of them, with which all of them leave, so no window
-- of any position ever holds more than the limit. A part is closed at `size` units, so fewer than those count for too long.
--
-- KEYS[1]  state: 9 bytes and 8 for each part, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    cost to take; negative gives back, the oldest that count first
-- ARGV[3]  window   ms; a part counts until its time + window
-- ARGV[4]  ceiling  most units counted for this call to be allowed; -1 - limit only looks
-- ARGV[5]  size     units at which a part is closed
-- ARGV[6]  parts    the most parts
-- ARGV[7]  since    optional: when that was taken, ms, of which a negative delta gives back: nothing, if that has left, and else of
--                   the oldest part that can hold it
-- Reply    {allowed 1 or 0, at, used, newest, time, units, …}: the state as of `at` ms, after the call if allowed, else before
--          it: the units that count, the time of the newest part, and the oldest parts, so many that another such call passes
--          once they have left.
--
-- State: `at` (the latest time seen) in six bytes and `used` in three, then for each part that counts its time in five (mod 2^40)
-- and its units in three, the oldest first. If `used` needs more than three bytes, 2^47 is added to `at`, and `used` and each
-- part's units have seven. At its front there may be parts that have left since the last write.
local key, args, call, byte, char = KEYS[1], ARGV, redis.call, string.byte, string.char
local now, delta, window, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
local size, parts, since = args[5] + 0, args[6] + 0, args[7] and args[7] + 0
-- @include clock
-- @include grace
local value = call('GET', key)
local used, width, n, time, units = 0, 8, 10, 0, 0
if value and #value > 8 then
  local a, b, c, d, e, f, g, h, i, j, k, l, m = byte(value, 1, 13)
  if a > 127 then a, width, n = a - 128, 12, 14 end
  local at = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
  if (#value + 1 - n) % width == 0 and #value < n + width * parts
    and (at <= now + GRACE or call('PTTL', key) > GRACE) then
    used = (g * 256 + h) * 256 + i
    if width > 8 then used = (((used * 256 + j) * 256 + k) * 256 + l) * 256 + m end
    if at > now then now = at end
  else
    value, width, n = '', 8, 10
  end
else
  value = ''
end
-- `n` is where the oldest part begins that counts, `time` and `units` are what it holds.
while n < #value do
  -- @include part
  if time > now - window then break end
  used, n = used - units, n + width
end
local oldest, first, held, last, newest = n, time, units, #value + 1 - width, 0
if n < last then
  n = last
  -- @include part
end
if oldest <= last then newest = time else used, units, held = 0, 0, 0 end
if since and since <= now - window then delta = 0 end
local after, allowed = used + delta, 1
if after > ceiling then
  allowed = 0
else
  local ttl
  if delta >= 0 and after < 2^24 and width == 8 then
    -- The common form, written out for speed: the bytes of the other parts stay as they are.
    local kept, f, i = #value, now % 256, after % 256
    local high, low = (now - f) / 256, (after - i) / 256
    local e, h = high % 256, low % 256
    high = (high - e) / 256
    local d = high % 256
    high = (high - d) / 256
    local c = high % 256
    high = (high - c) / 256
    local b = high % 256
    local head = char((high - b) / 256, b, c, d, e, f, (low - h) / 256, h, i)
    if delta > 0 then
      -- Into the newest part, unless that is closed and there may be one more.
      if used == 0 or units >= size and last < oldest + width * (parts - 1) then
        units = 0
      else
        kept = last - 1
      end
      newest, units = now, units + delta
      if kept < oldest then first, held = now, units end
      local l = units % 256
      local rest = (units - l) / 256
      local k = rest % 256
      value = head .. string.sub(value, oldest, kept) .. char(b, c, d, e, f, (rest - k) / 256, k, l)
    else
      value = head .. string.sub(value, oldest)
    end
  else
    local list, from, to = {}, 0, 0
    for m = oldest, last, width do
      n = m
      -- @include part
      list[to + 1], list[to + 2] = time, units
      to = to + 2
    end
    -- @include bytes
    -- @include parts
    -- @include pack-parts
    width = wide and 12 or 8
    after, first, held, newest = used, list[1], list[2] or 0, list[to - 1] or 0
  end
  call('SET', key, value, 'PX', (after > 0 and newest + window - now or 0) + GRACE)
  used, oldest = after, width + 2
end
if used == 0 then return {allowed, now, 0, 0} end
local all, need = {allowed, now, used, newest, first, held}, used + delta - (ceiling < 0 and -1 - ceiling or ceiling)
if need <= used then
  local to = 6
  n, need = oldest + width, need - held
  while need > 0 and n < #value do
    -- @include part
    all[to + 1], all[to + 2] = time, units
    to, n, need = to + 2, n + width, need - units
  end
end
return all
