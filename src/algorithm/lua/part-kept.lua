-- A part that was read counts while its last unit is in the window; what has left it is used no more.
if units > 0 and time > now - pace then
  list[to + 1], list[to + 2] = time, units
  to = to + 2
else
  used = used - units
end
