-- Reads the rules, unless they are those that the caller knows.
--
-- KEYS[1]  the rules
-- ARGV[1]  the head that the caller knows
-- ARGV[2]  the most bytes to read
-- Reply    nil if the head is the same; 'none' or 'foreign'; else the value
-- @include head
if head == ARGV[1] then return false end
if head == 'none' or head == 'foreign' then return head end
return redis.call('GETRANGE', KEYS[1], 0, ARGV[2] - 1)
