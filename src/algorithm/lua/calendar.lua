-- What a period of the calendar holds at `now`, given the `count` stored and when its period `ends`, and `after` the call. The caller's
-- period is from `pace` to `finish`, the next one ends at `following`: by the clock of Redis it may be another than theirs.
if count == 0 or ends <= now then
  count, ends = 0, now < pace and pace or now < finish and finish or following
  if ends <= now then ends = ends + (math.floor((now - ends) / (following - finish)) + 1) * (following - finish) end
end
local after = math.max(0, count + delta)
