-- Writes `now`, `debt` and `count` as unpack.lua reads them, for `ttl` ms and the grace.
local low = count % 2^48
local high = now * 64 + debt + (count - low) / 2^48
-- @include twelve
call('SET', key, value, 'PX', ttl + GRACE)
