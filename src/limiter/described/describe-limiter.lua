-- Keeps what a limiter is, for those who know nothing but the database.
--
-- KEYS[1]  the descriptions, a hash by limiter name
-- ARGV[1]  the limiter's name
-- ARGV[2]  today's number, a space, and the description
-- ARGV[3]  the number of the last day whose descriptions have ended
-- ARGV[4]  ms until all of it goes if nobody writes
-- ARGV[5]  the most descriptions kept
-- Reply    1 if it was written, 0 if it stood there
local key, name = KEYS[1], ARGV[1]
if redis.call('HGET', key, name) == ARGV[2] then return 0 end
redis.call('HSET', key, name, ARGV[2])
redis.call('PEXPIRE', key, ARGV[4])
-- A limiter writes once a day, so all that is there can be looked at.
local all = redis.call('HGETALL', key)
local kept, oldest, since = 0, nil, nil
for i = 1, #all, 2 do
  local day = tonumber(string.match(all[i + 1], '^%d+')) or 0
  if day <= ARGV[3] + 0 then
    redis.call('HDEL', key, all[i])
  else
    kept = kept + 1
    if all[i] ~= name and (not since or day < since) then oldest, since = all[i], day end
  end
end
if kept > ARGV[5] + 0 then redis.call('HDEL', key, oldest) end
return 1
