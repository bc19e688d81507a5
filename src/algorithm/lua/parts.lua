-- What a window of at most `parts` parts holds after the call. `list` has a pair of time and units for each part, the oldest first,
-- behind `from` and up to `to`; `used` is the sum of the units. The newest part takes more until it has `size`, and is then
-- closed; if all parts are there, it stays open. What comes back comes from the oldest, but from none that was closed before it was taken.
delta = math.min(delta, 2^53 - 1 - used)
if delta > 0 then
  used = used + delta
  if to > from and (list[to] < size or to - from >= 2 * parts) then
    list[to - 1], list[to] = now, list[to] + delta
  else
    list[to + 1], list[to + 2] = now, delta
    to = to + 2
  end
elseif delta < 0 then
  local back, kept = -delta, from
  for n = from + 1, to, 2 do
    local units = list[n + 1]
    local given = since and list[n] < since and 0 or math.min(units, back)
    used, back = used - given, back - given
    if units > given then
      list[kept + 1], list[kept + 2] = list[n], units - given
      kept = kept + 2
    end
  end
  for n = kept + 1, to do list[n] = nil end
  to = kept
end
