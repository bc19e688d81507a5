-- Writes `now`, `debt` and `count` as unpack.lua reads them, for `ttl` ms and the grace. Exact divisions only, since engines
-- differ in how they cut a fraction.
local low = count % 2^48
local high = now * 64 + debt + (count - low) / 2^48
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
call('SET', key, value, 'PX', ttl + GRACE)
