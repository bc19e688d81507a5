-- What the call makes of the penalty in `mark`, after the policies of its key alone have `denied` it or not; in `told` the end of a
-- block, 0 without one, and negative where it begins with this call. Its arguments:
--
-- ARGV[n+1]  task    s: a denial is a strike; l: it is none; b: booked, and never denied; x: blocks the key
-- ARGV[n+2]  after   so many strikes
-- ARGV[n+3]  within  in that time, ms, begin a block
-- ARGV[n+4]  length  of this time, ms
-- ARGV[n+5]  factor  times this for each block before it, of which one is forgotten for each `within` without one
-- ARGV[n+6]  most    and no longer than this, ms
--
-- Strikes are dated by the caller's clock, but not before the newest there. Kept in front of the counts: 255, in six bytes by how long
-- the key outlives these, how many blocks count for the next one's length, in six the end of the last one, how many strikes there are,
-- in six the time of each.
local at, steps, blocked, strikes = mark[1], mark[3], mark[4], mark[5]
local task, within, length, factor, most = args[at + 1], args[at + 3] + 0, args[at + 4] + 0, args[at + 5] + 0, args[at + 6] + 0
local newest = strikes == '' and 0 or number(byte(strikes, -6, -1))
local time, told, begins = math.max(asked, newest), 0, task == 'x'
if not begins and blocked > asked then
  if task ~= 'b' then allowed, told = false, blocked end
elseif task == 's' and denied then
  while strikes ~= '' and number(byte(strikes, 1, 6)) <= time - within do strikes = string.sub(strikes, 7) end
  strikes, newest, writes[k] = strikes .. bytes(time), time, true
  begins = #strikes >= 6 * args[at + 2]
end
if begins then
  if time > blocked then steps = math.max(0, steps - math.floor((time - blocked) / within)) end
  if task == 's' then
    for _ = 1, steps do length = math.min(most, length * factor) end
    if length < most and factor > 1 then steps = steps + 1 end
  end
  blocked, strikes, newest, writes[k] = math.max(blocked, time + length), '', 0, true
  told = -blocked
end
-- How long all of that counts.
lefts[k] = math.max(0, blocked + steps * within - asked, newest + within - asked)
posts[k] = char(steps) .. bytes(blocked) .. char(#strikes / 6) .. strikes
