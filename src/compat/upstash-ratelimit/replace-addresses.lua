-- Puts other addresses on the list of those denied. What operators denied by themselves stays, and is no part of the list.
--
-- KEYS[1]  the set of all that is denied
-- KEYS[2]  the set of the addresses
-- KEYS[3]  their status
-- ARGV[1]  ms until they are due again
-- ARGV[2]… the addresses
-- Reply    what each of the six commands replied
local all, listed, status = KEYS[1], KEYS[2], KEYS[3]
local replies = {redis.call('SDIFFSTORE', all, all, listed), redis.call('DEL', listed), 0}
-- No more at once than a script's stack takes.
for i = 2, #ARGV, 1000 do
  replies[3] = replies[3] + redis.call('SADD', listed, unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
replies[4] = redis.call('SDIFFSTORE', listed, listed, all)
replies[5] = redis.call('SUNIONSTORE', all, all, listed)
redis.call('SET', status, 'valid', 'PX', ARGV[1])
replies[6] = 'OK'
return replies
