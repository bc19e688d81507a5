-- Keeps what a limiter is, for those who know nothing but the database, and what it said last that was something else: two limiters that
-- share a name write one over the other.
--
-- KEYS[1]  the descriptions, a hash by limiter name; what was said otherwise has '!' behind both its name and its text
-- ARGV[1]  the limiter's name
-- ARGV[2]  today's number, of five digits, a space, and the description
-- ARGV[3]  the number of the last day whose descriptions have ended
-- ARGV[4]  ms until all of it goes if nobody writes
-- ARGV[5]  the most descriptions kept
-- Reply    1 if it was written, 0 if it stood there
local call, key, name = redis.call, KEYS[1], ARGV[1]
local before = call('HGET', key, name)
if before == ARGV[2] then return 0 end
call('HSET', key, name, ARGV[2])
if before and string.sub(before, 6) ~= string.sub(ARGV[2], 6) then
  call('HSET', key, name .. '!', before .. '!')
end
call('PEXPIRE', key, ARGV[4])
-- A limiter writes once a day, so all that is there can be looked at.
local all = call('HGETALL', key)
local kept, since, oldest = 0, 1e9
for i = 1, #all, 2 do
  local day = tonumber(string.sub(all[i + 1], 1, 5)) or 0
  if day <= ARGV[3] + 0 then
    call('HDEL', key, all[i])
  else
    kept = kept + 1
    if all[i] ~= name and day < since then since, oldest = day, all[i] end
  end
end
if kept > ARGV[5] + 0 then call('HDEL', key, oldest) end
return 1
