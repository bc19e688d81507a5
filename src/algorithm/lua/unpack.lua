-- Reads `count` as of `seen` from the 96 bits that they share, a debt below 0, and moves `now` up to `seen`; where there is no
-- state, 0 as of now. Written out: it takes as long to make two functions as to run them.
local value = call('GET', key)
local seen, count = now, 0
if value and #value == 12 then
  local a, b, c, d, e, f, g, h, i, j, k, l = string.byte(value, 1, 12)
  local high = f % 64
  local at = (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f - high) / 64
  if at <= now + GRACE or call('PTTL', key) > GRACE then
    seen, count = at, high % 32 * 2^48 + ((((g * 256 + h) * 256 + i) * 256 + j) * 256 + k) * 256 + l
    if high > 31 then count = -count end
    if at > now then now = at end
  end
end
