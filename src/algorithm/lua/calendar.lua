-- What a period of the calendar holds at `now`, given the `count` stored and when its period `ends`, and `after` the call. The caller's
-- period is from `pace` to `finish`, the next one lasts `behind` ms: by the clock of Redis it may be another than theirs. What is
-- given back of what was taken at `since` goes to the same period alone.
if count == 0 or ends <= now then
  count, ends = 0, finish
  if now < pace then ends = pace - math.floor((pace - 1 - now) / behind) * behind end
  if now >= finish then ends = finish + (math.floor((now - finish) / behind) + 1) * behind end
end
if since and (since > now or (since < pace and pace or since < finish and finish or since < finish + behind and finish + behind) ~= ends) then
  delta = 0
end
local after = math.max(0, count + delta)
