-- Writes the rules if they are still those that the caller has read.
--
-- KEYS[1]  the rules
-- KEYS[2]  the history, a list, the newest first
-- ARGV[1]  the head that the caller has read
-- ARGV[2]  the value to write
-- ARGV[3]  what the history says of it
-- ARGV[4]  how many entries the history keeps
-- Reply    1 if it was written, 0 if somebody else has written
-- @include head
if head ~= ARGV[1] then return 0 end
-- First what fails where something else lies in that place.
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], 0, ARGV[4] - 1)
redis.call('SET', KEYS[1], ARGV[2])
return 1
