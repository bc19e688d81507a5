-- Fixed window that is a day, a week or a month of some place: one counter for each. When they end, the caller knows, and so does
-- the state: where its time is ahead of the caller's, it is in a period that the caller has not seen.
--
-- KEYS[1]  state: 19 bytes: `at` (the latest time seen) in six, the end of its period in six, `count` in seven
-- ARGV[1]  now        ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta      cost to take; negative gives back
-- ARGV[3]  start      of the caller's period, ms
-- ARGV[4]  ceiling    most units counted for this call to be allowed; below 0 only looks
-- ARGV[5]  finish     the end of the caller's period, ms
-- ARGV[6]  behind     the length of the period behind it, ms
-- ARGV[7]  since      optional: when that was taken, ms, of which a negative delta gives back: to the same period alone
-- Reply    {allowed 1 or 0, at, count, ends}: the state as of `at` ms, after the call if allowed, else before it
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, pace, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
local finish, behind, since = args[5] + 0, args[6] + 0, args[7] and args[7] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
local value, count, ends = call('GET', key), 0, 0
if value and #value == 19 then
  local at = number(string.byte(value, 1, 6))
  if at <= now + GRACE or call('PTTL', key) > GRACE then
    if at > now then now = at end
    ends, count = number(string.byte(value, 7, 12)), string.byte(value, 13) * 2^48 + number(string.byte(value, 14, 19))
  end
end
-- @include calendar
if after > ceiling then return {0, now, count, ends} end
if after > 2^53 - 1 then after = 2^53 - 1 end
local low = after % 2^48
value = bytes(now) .. bytes(ends) .. string.char((after - low) / 2^48) .. bytes(low)
call('SET', key, value, 'PX', ends - now + GRACE)
return {1, now, after, ends}
