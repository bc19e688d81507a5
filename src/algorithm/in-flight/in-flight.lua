-- Work in flight: units that are held until they are released, and at the latest until their hold ends.
--
-- KEYS[1]  state: see below
-- ARGV[1]  now      ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  delta    units to hold; negative releases the hold, 0 extends it
-- ARGV[3]  hold     ms that a hold lives, from its taking or its last extension
-- ARGV[4]  ceiling  most units held for this call to be allowed; -1 - limit only looks
-- ARGV[5]  id       12 characters that name the hold; none to look
-- Reply    {done 1 or 0, at, used, last, leaves, from, to}: the state as of `at` ms, after the call if done, else before it.
--          `last` is when the hold that ends last does, 0 without any. The hold that ends at `leaves` frees the units past
--          `from` up to `to`: if denied, those that the call waits for, else the first. To release or to extend what is not
--          there is not done.
--
-- State: `used` in two bytes, then for each hold its end in six bytes, its units in two and its id in twelve. Ends never fall
-- from one hold to the next: whoever takes or extends a hold dates it by its own clock, but not before the newest there.
--
-- No clock of a caller ends the hold of another. A hold goes (1) when it is released, (2) with the key, which lives for a whole
-- hold after each write, by the clock of Redis, or (3) below, where its end is past by the clock of Redis itself. That clock is
-- asked only where a call would be denied although enough holds have ended by the caller's. An end further ahead of it than a hold
-- lasts is of a clock that runs ahead, and is moved back.
local key, args, call, byte = KEYS[1], ARGV, redis.call, string.byte
local now, delta, hold, ceiling, id = args[1] + 0, args[2] + 0, args[3] + 0, args[4] + 0, args[5]
local known = now < 0
-- @include clock
-- @include number
-- @include bytes
-- The bytes of a hold, and how much clocks may differ without being asked about, in ms.
local SIZE, APART = 20, 1000
local value = call('GET', key)
local holds, used, own, cost = '', 0, nil, 0
if value and #value > 2 and #value % SIZE == 2 then
  local high, low = byte(value, 1, 2)
  holds, used = string.sub(value, 3), high * 256 + low
end

local function ending(from) return number(byte(holds, from, from + 5)) end
local function units(from)
  local high, low = byte(holds, from + 6, from + 7)
  return high * 256 + low
end
local function without(from) return string.sub(holds, 1, from - 1) .. string.sub(holds, from + SIZE) end
local function last() return holds == '' and 0 or ending(#holds - SIZE + 1) end

-- When enough has ended that `need` units are free, and what is free before and after that; if that can't be, 0 and what all
-- holds but the caller's own have.
local function leaving(need)
  local from, to, p = 0, 0, 1
  while p < #holds do
    if p ~= own then
      from, to = to, to + units(p)
      if to >= need then return ending(p), from, to end
    end
    p = p + SIZE
  end
  return 0, to, to
end

local function write()
  if holds == '' then
    call('DEL', key)
  else
    local low = used % 256
    call('SET', key, string.char((used - low) / 256, low) .. holds, 'PX', hold)
  end
end

-- `later` is how far the clock of Redis is ahead of the caller's, to tell all times by the caller's.
local later = 0
local function reply(done, leaves, from, to)
  local latest = last()
  if not leaves then leaves, from, to = leaving(1) end
  return {done, now, used, latest > 0 and latest - later or 0, leaves > 0 and leaves - later or 0, from, to}
end

if id then
  -- Of an id's characters none is the first byte of an end or of units, so it is found nowhere but in its place.
  local p = string.find(holds, id, 1, true)
  if p then
    own = p - 8
    cost = units(own)
  end
end
if delta <= 0 and ceiling >= 0 then
  if not own then return reply(0) end
  if delta == 0 then
    delta = cost
  else
    holds, used, own = without(own), math.max(0, used - cost), nil
    write()
    return reply(1)
  end
end

local most = ceiling < 0 and -1 - ceiling or ceiling
local need = used - cost + delta - most
local leaves, from, to
-- What is held already stays, whatever the limit is by now.
if need > 0 and not (own and delta <= cost) then
  leaves, from, to = leaving(need)
  -- Nobody's state may say anything, and then heals: more in use than the holds have is not.
  if leaves == 0 then used, need = to + cost, to + delta - most end
  if (leaves > 0 and leaves <= now) or last() > now + hold + APART then
    local time, moved = now, false
    if not known then
      local parts = call('TIME')
      time = parts[1] * 1000 + math.floor(parts[2] / 1000)
    end
    known, later = true, time - now
    -- Those in front that have ended go, but not the one that is asked for again; those at the end that are too far ahead move back.
    local kept, p = '', 1
    while p < #holds and ending(p) <= time do
      if p == own then kept = string.sub(holds, p, p + SIZE - 1) else used = used - units(p) end
      p = p + SIZE
    end
    if own then own = own >= p and own - p + 1 + #kept or 1 end
    holds = kept .. string.sub(holds, p)
    p = #holds - SIZE + 1
    local latest = bytes(time + hold)
    local back = ''
    while p > 0 and ending(p) > time + hold do
      back = latest .. string.sub(holds, p + 6, p + SIZE - 1) .. back
      p, moved = p - SIZE, true
    end
    if moved then holds = string.sub(holds, 1, p + SIZE - 1) .. back end
    if holds == '' or used < 0 then used = 0 end
    need = used - cost + delta - most
    if need > 0 then
      if moved and ceiling >= 0 then write() end
      leaves, from, to = leaving(need)
    end
  end
  if need > 0 then return reply(0, leaves, from, to) end
end
if ceiling < 0 then return reply(0) end
local start = math.max(now + later, last() - hold)
if own then holds = without(own) end
holds = holds .. bytes(start + hold) .. string.char((delta - delta % 256) / 256, delta % 256) .. id
used, own = used - cost + delta, nil
write()
return reply(1)
