-- Takes the addresses off the list of those denied, and says that none are wanted.
--
-- KEYS[1]  the set of all that is denied
-- KEYS[2]  the set of the addresses
-- KEYS[3]  their status
-- Reply    what each of the three commands replied
local kept = redis.call('SDIFFSTORE', KEYS[1], KEYS[1], KEYS[2])
local dropped = redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], 'disabled')
return {kept, dropped, 'OK'}
