-- What comes before a step: values that are denied whatever was counted, and a limit that was changed meanwhile. Takes its own
-- arguments out of ARGV, so that the step finds its own where it always does.
--
-- KEYS[2]      with values to look up: the set of those denied
-- KEYS[3]      with values to look up: the status of the addresses among them; while it is there they need not be fetched
-- KEYS[#KEYS]  with a limit: where it lies
-- ARGV[1]      how many values to look up, from 0 to 4
-- ARGV[2]      the limit as the caller knows it behind a '=', or '-' if there is none to look up
-- then the values, then the step's arguments
-- Reply        {2, the values found as bits, fetch} or {3, the limit behind a '=', fetch}, and nothing is taken; else the step's reply
--              and behind it fetch: 1 if this caller is to fetch the addresses, else 0
local count, known = ARGV[1] + 0, ARGV[2]
local fetch = 0
for _ = 1, 2 do table.remove(ARGV, 1) end
if count > 0 then
  local values, found = {}, 0
  for i = 1, count do values[i] = table.remove(ARGV, 1) end
  for i, isThere in ipairs(redis.call('SMISMEMBER', KEYS[2], unpack(values))) do found = found + isThere * 2^(i - 1) end
  if redis.call('EXISTS', KEYS[3]) == 0 then
    redis.call('SET', KEYS[3], 'pending', 'PX', 30000)
    fetch = 1
  end
  if found > 0 then return {2, found, fetch} end
end
if known ~= '-' then
  local set = '=' .. (redis.call('GET', KEYS[#KEYS]) or '')
  if set ~= known then return {3, set, fetch} end
end
