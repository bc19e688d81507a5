-- What is in use of a bucket of `full` units: `used` at `now`, given the `count` stored at `seen`, `after` the call, and the
-- `life` of that in ms. If the limit was another one, no more counts than a full bucket and the debt. What is kept lives for
-- as long as any limit takes to refill it, since the next call may bring another limit.
local used = count < 0 and full - count or count
if count > full then used = full elseif used > 9007199254740991 then used = 9007199254740991 end
used = used - (now - seen) * pace
if used < 0 then used = 0 end
local after, life = used + delta, 0
if after > 9007199254740991 then after = 9007199254740991 end
if after > 0 then life = math.max(window, math.ceil(math.max(full, after) / pace)) else after = 0 end
