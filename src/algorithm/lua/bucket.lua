-- What is in use of a bucket of `full` units: `used` at `now`, given the `count` stored at `seen`, `after` the call, and the
-- `life` of that in ms. If the limit was another one, no more counts than a full bucket and the debt. What is kept lives for
-- as long as any limit takes to refill it, since the next call may bring another limit.
-- What is given back of what was taken at `since` comes less what may have refilled: so in use stays at least what would be if it
-- had never been taken, since a bucket without it was empty for that long at most. A later `since` is of a state that is gone; where
-- there is a ceiling, for one who leaves the queue, it is when a bucket without it is whole.
if since then delta = since <= now and math.min(0, delta + (now - since) * pace) or ceiling < 1e300 and delta or 0 end
local used = (count < 0 and full - count or count < full and count or full) - (now - seen) * pace
if used < 0 then used = 0 end
local after, life = used + delta, 0
if after >= 2^53 then after = 2^53 - 1 end
if after > 0 then
  life = math.ceil((after > full and after or full) / pace)
  if life < window then life = window end
else
  after = 0
end
