-- Sliding log: every admitted cost with its time, so that no window of any position ever holds more than the limit.
--
-- KEYS[1]  state: a list, see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    cost to take; negative gives back, the newest first
-- ARGV[3]  window   ms; what was taken at t counts until t + window
-- ARGV[4]  ceiling  most units counted for this call to be allowed, the limit; -1 - limit only looks
-- Reply    {allowed 1 or 0, at, newest, total, base, need, leaves, time, sum, …}: the state as of `at` ms, after the call
--          if allowed, else before it. What counts is total - base. If denied, the call passes once the entry of time
--          `leaves` has left, the first with a sum of at least `need`. Up to nine pairs follow, the oldest that count.
--
-- State: pairs of time and running total in order of time. The first pair holds the total of what has left already; the
-- rest is what counts, and at its front what has left since the last write. A list that is read to be anything else is no
-- state. Integers make a list five times denser than a sorted set.
local key, args, call = KEYS[1], ARGV, redis.call
local now, delta, window, ceiling = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0
-- @include clock
-- @include grace
local CHUNK = 20
local chunk = call('LRANGE', key, 0, CHUNK - 1)
local found, asked = #chunk, now
local newest, total, base, gone, oldest, from, valid = 0, 0, 0, 0, {}, 0, false
if found > 0 then
  local tail = found < CHUNK and chunk or call('LRANGE', key, -2, -1)
  newest, total = tonumber(tail[#tail - 1]) or 0, tonumber(tail[#tail]) or 0
  -- From another day, or all of it has left: nothing of it counts, whatever it is.
  valid = newest > now - window and newest % 1 == 0 and total % 1 == 0
    and (newest <= now + GRACE or newest <= now + 86400000 and call('PTTL', key) > GRACE)
  if newest > now then now = newest end
end

local before = 0
while valid and #chunk > 0 do
  for i = 1, #chunk - 1, 2 do
    local time, sum = tonumber(chunk[i]) or -1, tonumber(chunk[i + 1]) or -1
    if not (time >= before and time <= newest and sum >= base and sum <= total and time % 1 == 0 and sum % 1 == 0) then
      valid = false
      break
    end
    before = time
    if from + i == 1 or time <= now - window then
      base, gone = sum, gone + 1
    elseif #oldest < 18 then
      oldest[#oldest + 1], oldest[#oldest + 2] = time, sum
    end
  end
  if #oldest == 18 or #chunk < CHUNK then break end
  from = from + CHUNK
  chunk = call('LRANGE', key, from, from + CHUNK - 1)
end
if not valid then
  now, newest, total, base, gone, oldest, chunk = asked, 0, 0, 0, 0, {}, {}
end

local function reply(allowed, need, leaves)
  local all = {allowed, now, newest, total, base, need, leaves}
  for i = 1, #oldest do all[7 + i] = oldest[i] end
  return all
end

local only_looks = ceiling < 0
if only_looks then ceiling = -1 - ceiling end
if only_looks or total - base + delta > ceiling then
  local need = total - (ceiling - delta)
  if delta > ceiling or need <= base then return reply(0, 0, 0) end
  for i = 1, #oldest, 2 do
    if oldest[i + 1] >= need then return reply(0, need, oldest[i]) end
  end
  repeat
    for i = 1, #chunk - 1, 2 do
      if (tonumber(chunk[i + 1]) or 0) >= need then return reply(0, need, tonumber(chunk[i]) or 0) end
    end
    from = from + CHUNK
    chunk = call('LRANGE', key, from, from + CHUNK - 1)
  until #chunk == 0
  return reply(0, need, 0)
end

if delta > 0 then
  if total + delta > 9007199254740991 and base > 0 then
    -- Totals only grow as long as a key lives, so before they run out they start again from what counts.
    local counting = call('LRANGE', key, 2 * gone - 2, -1)
    call('DEL', key)
    for i = 1, #counting, 2 do call('RPUSH', key, counting[i], string.format('%.0f', counting[i + 1] - base)) end
    for i = 2, #oldest, 2 do oldest[i] = oldest[i] - base end
    total, base, gone = total - base, 0, 1
  end
  local sum = total + delta
  if sum > 9007199254740991 then sum = 9007199254740991 end
  if not valid then
    if found > 0 then call('DEL', key) end
    call('RPUSH', key, '0', '0', string.format('%.0f', now), string.format('%.0f', sum))
  elseif newest == now then
    call('LSET', key, -1, string.format('%.0f', sum))
  else
    call('RPUSH', key, string.format('%.0f', now), string.format('%.0f', sum))
  end
  if gone > 1 then call('LTRIM', key, 2 * gone - 2, -1) end
  call('PEXPIRE', key, window + GRACE)
  if oldest[#oldest - 1] == now then
    oldest[#oldest] = sum
  elseif #oldest < 18 and (oldest[#oldest] or base) == total then
    oldest[#oldest + 1], oldest[#oldest + 2] = now, sum
  end
  newest, total = now, sum
elseif delta < 0 and total > base then
  local left = total + delta
  if left <= base then
    call('DEL', key)
    newest, total, base, oldest = 0, 0, 0, {}
  else
    -- The oldest pair that reaches what is left becomes the newest.
    local last = call('LLEN', key) - 2
    local first = last
    repeat
      first = math.max(0, first - CHUNK)
      chunk = call('LRANGE', key, first, first + CHUNK + 1)
    until first == 0 or (tonumber(chunk[2]) or 0) < left
    for i = 1, #chunk - 1, 2 do
      if (tonumber(chunk[i + 1]) or 0) >= left then
        last, newest = first + i - 1, tonumber(chunk[i]) or 0
        break
      end
    end
    call('LTRIM', key, 2 * gone - 2, last + 1)
    call('LSET', key, -1, string.format('%.0f', left))
    call('PEXPIRE', key, window + GRACE)
    total = left
    while #oldest > 2 and oldest[#oldest - 2] >= left do
      oldest[#oldest] = nil
      oldest[#oldest] = nil
    end
    if #oldest > 0 and oldest[#oldest] > left then oldest[#oldest] = left end
  end
end
return reply(1, 0, 0)
