-- Sliding log: every admitted cost with its time, so that no window of any position ever holds more than the limit.
--
-- KEYS[1]  state: a list, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    cost to take; negative gives back, the oldest that count first
-- ARGV[3]  window   ms; what was taken at t counts until t + window
-- ARGV[4]  ceiling  most units counted for this call to be allowed, the limit; -1 - limit only looks
-- ARGV[5]  since    optional: when that was taken, ms, of which a negative delta gives back: nothing, if that has left
-- Reply    {allowed 1 or 0, at, newest, total, base, need, leaves, time, sum, …}: the state as of `at` ms, after the call
--          if allowed, else before it. What counts is total - base. If denied, the call passes once the entry of time
--          `leaves` has left, the first with a sum of at least `need`. Up to nine pairs follow, the oldest that count.
--
-- State: pairs of time and running total, neither of which ever falls. The first pair holds the total of what has left or
-- was given back already, and a time by which all had left that is dropped; the rest is what counts, and at its front what
-- has left since the last write. Integers make a list five times denser than a sorted set. However many pairs there are, few
-- are read. If one of these can't be part of a log, the list is no state; what is not read is not checked.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, window, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
local since = args[5] and args[5] + 0
-- @include clock
-- @include grace
-- The most units, and the latest time that a caller's clock can tell.
local MOST, LAST = 9007199254740991, 4398046511103
-- A piece of the list, and where in it the first pair is that counts. `head` is the number, from 0, of the pair before that
-- one; `time` and `base` are what it holds.
local chunk, i, head, time, base = call('LRANGE', key, 0, 19), 3, 0, 0, 0
local found, asked = #chunk, now
local newest, total, oldest = 0, 0, {}
local valid = found > 2 and found % 2 == 0

-- The pair at `n` in numbers, which has to lie between two others.
local function pair(list, n, from_time, from_sum, to_time, to_sum)
  local t, sum = tonumber(list[n]) or -1, tonumber(list[n + 1]) or -1
  valid = valid and t >= from_time and t <= to_time and sum >= from_sum and sum <= to_sum and t % 1 == 0 and sum % 1 == 0
  return t, sum
end

-- The first pair that counts and has a total of at least `least`, as the five variables above: searched for in the chunk,
-- then in the fifty pairs behind it, then by bisection. `from_sum` is the total before it.
local function first(least, from_sum)
  local list, n, low, from_time, to_time, to_sum = chunk, i, head, time, newest, total
  repeat
    for m = n, #list - 1, 2 do
      local t, sum = pair(list, m, from_time, from_sum, to_time, to_sum)
      if t > now - window and sum >= least then return list, m, low, from_time, from_sum end
      low, from_time, from_sum = low + 1, t, sum
    end
    if #list == 100 then
      local high = math.floor(call('LLEN', key) / 2) - 1
      while valid and high - low > 50 do
        local middle = math.floor((low + high) / 2)
        local t, sum = pair(call('LRANGE', key, 2 * middle, 2 * middle + 1), 1, from_time, from_sum, to_time, to_sum)
        if t > now - window and sum >= least then
          high, to_time, to_sum = middle, t, sum
        else
          low, from_time, from_sum = middle, t, sum
        end
      end
    elseif list ~= chunk then
      valid = false
    end
    list, n = call('LRANGE', key, 2 * low + 2, 2 * low + 101), 1
  until not valid
  return {}, 1, low, from_time, from_sum
end

-- The nine oldest pairs that count, or fewer if these are all.
local function read_oldest()
  if #chunk - i < 17 and tonumber(chunk[#chunk - 1]) ~= newest then
    chunk, i = call('LRANGE', key, 2 * head + 2, 2 * head + 19), 1
  end
  oldest = {}
  local t, sum = time, base
  for n = i, math.min(i + 16, #chunk - 1), 2 do
    t, sum = pair(chunk, n, t, sum, newest, total)
    oldest[#oldest + 1], oldest[#oldest + 2] = t, sum
  end
end

local function forget()
  now, newest, total, base, oldest, valid = asked, 0, 0, 0, {}, false
end

if valid then
  local tail = found < 20 and chunk or call('LRANGE', key, -2, -1)
  newest, total = pair(tail, #tail - 1, 0, 0, LAST, MOST)
  -- All of it has left, or its life is over: then nothing counts, whatever else is there.
  valid = valid and newest > now - window and (newest <= now + GRACE or call('PTTL', key) > GRACE)
end
if valid then
  if newest > now then now = newest end
  time, base = pair(chunk, 1, 0, 0, newest, total)
  -- What one clock has dropped can't count again for another one.
  if time > 0 and time + window > now then now = time + window end
  chunk, i, head, time, base = first(0, base)
  read_oldest()
end
if not valid then forget() end

local function reply(allowed, need, leaves)
  local all = {allowed, now, newest, total, base, need, leaves}
  for n = 1, #oldest do all[7 + n] = oldest[n] end
  return all
end

local only_looks = ceiling < 0
if only_looks then ceiling = -1 - ceiling end
if only_looks or total - base + delta > ceiling then
  local need = total - (ceiling - delta)
  if delta > ceiling or need <= base then return reply(0, 0, 0) end
  local list, n = first(need, base)
  if valid then return reply(0, need, list[n] + 0) end
  forget()
  if only_looks then return reply(0, 0, 0) end
end

if delta > 0 then
  if total + delta > MOST and base > 0 then
    -- Totals only grow as long as a key lives, so before they run out they start again from what counts.
    local counting = call('LRANGE', key, 2 * head, -1)
    local t, sum = 0, base
    for n = 1, #counting, 2 do
      t, sum = pair(counting, n, t, sum, newest, total)
      counting[n + 1] = string.format('%.0f', sum - base)
    end
    if valid then
      call('DEL', key)
      for n = 1, #counting, 2 do call('RPUSH', key, counting[n], counting[n + 1]) end
      for n = 2, #oldest, 2 do oldest[n] = oldest[n] - base end
      total, base, head = total - base, 0, 0
    else
      forget()
    end
  end
  local sum = total + delta
  if sum > MOST then sum = MOST end
  if not valid then
    if found > 0 then call('DEL', key) end
    call('RPUSH', key, '0', '0', string.format('%.0f', now), string.format('%.0f', sum))
  elseif newest == now then
    call('LSET', key, -1, string.format('%.0f', sum))
  else
    call('RPUSH', key, string.format('%.0f', now), string.format('%.0f', sum))
  end
  if valid and head > 0 then call('LTRIM', key, 2 * head, -1) end
  call('PEXPIRE', key, window + GRACE)
  if oldest[#oldest - 1] == now then
    oldest[#oldest] = sum
  elseif #oldest < 18 then
    oldest[#oldest + 1], oldest[#oldest + 2] = now, sum
  end
  newest, total = now, sum
elseif delta < 0 and total > base and not (since and (since <= now - window or since > now)) then
  -- The oldest units that count go. Those that stay are no older than the calls that they stand for, so at no later time do
  -- fewer count.
  local before = base
  base = math.min(base - delta, total)
  chunk, i, head, time = first(math.min(base + 1, total), before)
  read_oldest()
  if valid then
    -- The newest stays, even if nothing of it counts: it keeps the time.
    call('LTRIM', key, 2 * head + 2, -1)
    call('LPUSH', key, string.format('%.0f', base), string.format('%.0f', math.max(now - window, 0)))
  else
    forget()
  end
end
return reply(1, 0, 0)
