-- Reads `at` and `count` from the 96 bits that they share; `at` stays nil where there is no state. Written out: it takes as
-- long to make two functions as to run them.
local value = call('GET', key)
local at, count
if value and #value == 12 then
  local a, b, c, d, e, f, g, h, i, j, k, l = string.byte(value, 1, 12)
  local high = f % 32
  at = (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f - high) / 32
  if at <= now + GRACE or at <= now + 86400000 and call('PTTL', key) > GRACE then
    count = high * 281474976710656 + ((((g * 256 + h) * 256 + i) * 256 + j) * 256 + k) * 256 + l
  else
    at = nil
  end
end
