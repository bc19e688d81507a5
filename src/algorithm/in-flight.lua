-- Work in flight: units that are held until they are released, and at the latest until their hold ends.
--
-- KEYS[1]  state: see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    units to hold; negative releases the hold, 0 extends it
-- ARGV[3]  hold     ms that a hold lives, from its taking or its last extension
-- ARGV[4]  ceiling  most units held for this call to be allowed; -1 - limit only looks
-- ARGV[5]  id       12 characters that name the hold; none to look
-- Reply    {done 1 or 0, at, used, last, leaves, from, to, own}: the state as of `at` ms, after the call if done, else before it.
--          `last` is when the hold that ends last does, 0 without any. The hold that ends at `leaves` frees the units past
--          `from` up to `to`: if denied, those that the call waits for, else the first. `own` is what the call's own hold had if it is
--          denied. To release or to extend what is not there is not done.
--
-- State: `used` in two bytes, then for each hold its end in six bytes, its units in two and its id in twelve. Ends never fall
-- from one hold to the next: whoever takes or extends a hold dates it by its own clock, but not before the newest there.
--
-- No clock of a caller ends the hold of another. A hold goes (1) when it is released, (2) with the key, which lives for a whole
-- hold after each write, by the clock of Redis, or (3) where its end is past by the clock of Redis itself. That clock is
-- asked only where a call would be denied although enough holds have ended by the caller's. An end further ahead of it than a hold
-- lasts is of a clock that runs ahead, and is moved back.
local args, call, byte, char = ARGV, redis.call, string.byte, string.char
local now = args[1] + 0
-- @include clock
-- @include number
-- @include bytes
local value = call('GET', KEYS[1])
-- @include holds
local delta, hold, ceiling, id = args[2] + 0, args[3] + 0, args[4] + 0, args[5]
local done = look(delta, hold, ceiling, id) and ceiling >= 0
if done then take(delta, hold, id) end
if done or (moved and ceiling >= 0) then keep(KEYS[1], hold) end
local reply = {done and 1 or 0, now}
tell(reply, 3)
return reply
