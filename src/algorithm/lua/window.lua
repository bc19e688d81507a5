-- What a window of `pace` ms holds at `now`, given the two counts stored at `seen`, `taken` and `carried` after the call, and in
-- `lives` how long that stays, in ms. What is given back of what was taken at `since` goes to the same window alone. `kind` is s for two counters and f for one; `lead` is how far `now` is ahead of the caller.
local elapsed = now % pace
if seen < now - elapsed then
  previous = kind == 's' and seen >= now - elapsed - pace and current or 0
  current = 0
end
local taken, carried = current + delta, previous
if since then
  local start = now - elapsed
  taken = since >= start and since <= now and math.max(0, taken) or current
  if since < start and since >= start - pace then carried = math.max(0, previous + delta) end
elseif taken < 0 then
  carried = carried + taken
  if carried < 0 then carried = 0 end
  taken = 0
end
local load
lives = pace - elapsed
if kind == 's' then
  load = taken * pace + carried * lives
  if taken > 0 then lives = lead >= pace and pace or lives + pace end
else
  load = taken
end
if load > ceiling then allowed = false end
if taken >= 2^53 then taken = 2^53 - 1 end
