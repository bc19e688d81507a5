-- What a window of `pace` ms holds at `now`, given the two counts stored at `seen`, `taken` and `carried` after the call, and in
-- `lives` how long that stays, in ms. `kind` is s for two counters and f for one; `lead` is how far `now` is ahead of the caller.
local elapsed = now % pace
if seen < now - elapsed then
  previous = kind == 's' and seen >= now - elapsed - pace and current or 0
  current = 0
end
local taken, carried = current + delta, previous
if taken < 0 then
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
taken = math.min(taken, 2^53 - 1)
