-- `now` below zero asks for the clock of Redis itself.
if now < 0 then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
