-- The whole numbers `high` and `low` as the twelve bytes of `value`. Written out: functions and texts put together take longer.
-- Exact divisions only, since engines differ in how they cut a fraction.
local f, l = high % 256, low % 256
high, low = (high - f) / 256, (low - l) / 256
local e, k = high % 256, low % 256
high, low = (high - e) / 256, (low - k) / 256
local d, j = high % 256, low % 256
high, low = (high - d) / 256, (low - j) / 256
local c, i = high % 256, low % 256
high, low = (high - c) / 256, (low - i) / 256
local b, h = high % 256, low % 256
value = string.char((high - b) / 256, b, c, d, e, f, (low - h) / 256, h, i, j, k, l)
