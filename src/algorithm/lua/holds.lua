-- The holds in the `value` of a key, as in-flight.lua says. No clock of a caller ends the hold of another: `time` is that of Redis, where
-- it is known, and is asked for at most once.
-- Texts are long, so they are put together once, and cut as seldom.
local SIZE, APART = 20, 1000
local time = args[1] + 0 < 0 and now
-- Of the call's own hold where it is and what it has; how far the clock of Redis is ahead of the caller's, to tell all times by
-- the caller's; and whether ends were moved back although the call is denied.
local used, own, cost, later, leaves, from, to, moved

local function ending(p) return number(byte(value, p, p + 5)) end
local function two(p)
  local high, low = byte(value, p, p + 1)
  return high * 256 + low
end
local function pair(n) return char((n - n % 256) / 256, n % 256) end
local function last() return #value > 2 and ending(#value - SIZE + 1) or 0 end

-- When enough has ended that `need` units are free, and what is free before and after that; if that can't be, 0 and what all
-- holds but the one at `but` have.
local function leaving(need, but)
  local from, to, p = 0, 0, 3
  while p < #value do
    if p ~= but then
      from, to = to, to + two(p + 6)
      if to >= need then return ending(p), from, to end
    end
    p = p + SIZE
  end
  return 0, to, to
end

-- Whether the call gets what it asks for, or finds what it gives back or extends.
local function look(delta, hold, ceiling, id)
  used, own, cost, later, moved, leaves = 0, nil, 0, 0, false, nil
  if value and #value > 2 and #value % SIZE == 2 then used = two(1) else value = '\0\0' end
  -- Of an id's characters none is the first byte of an end or of units, so it is found nowhere but in its place.
  local p = id and string.find(value, id, 3, true)
  if p then own, cost = p - 8, two(p - 2) end
  if ceiling >= 0 and delta <= 0 then return own ~= nil end
  local most = ceiling < 0 and -1 - ceiling or ceiling
  local need = used - cost + delta - most
  -- What is held already stays, whatever the limit is by now.
  if need <= 0 or (own and delta <= cost) then return true end
  leaves, from, to = leaving(need, own)
  -- Nobody's state may say anything, and then heals: more in use than the holds have is not.
  if leaves == 0 then used, need = to + cost, to + delta - most end
  if (leaves > 0 and leaves <= now) or last() > now + hold + APART then
    if not time then
      local parts = call('TIME')
      time = parts[1] * 1000 + math.floor(parts[2] / 1000)
    end
    later = time - now
    -- Those in front that have ended go, but not the one that is asked for again; those at the end that are too far ahead move back.
    local kept, p = '', 3
    while p < #value and ending(p) <= time do
      if p == own then kept = string.sub(value, p, p + SIZE - 1) else used = used - two(p + 6) end
      p = p + SIZE
    end
    if own then own = own >= p and own - p + 3 or 3 end
    value = string.sub(value, 1, 2) .. kept .. string.sub(value, p)
    p = #value - SIZE + 1
    local latest, back = bytes(time + hold), ''
    while p > 2 and ending(p) > time + hold do
      back = latest .. string.sub(value, p + 6, p + SIZE - 1) .. back
      p = p - SIZE
    end
    if #value == 2 or used < 0 then used = 0 end
    need = used - cost + delta - most
    moved = back ~= '' and need > 0
    if back ~= '' then value = pair(used) .. string.sub(value, 3, p + SIZE - 1) .. back end
    leaves, from, to = leaving(need, own)
  end
  if need <= 0 then leaves = nil end
  return need <= 0
end

-- Takes, extends or gives back what was found to be possible.
local function take(delta, hold, id)
  local stop, record = own or #value + 1, ''
  if delta < 0 then
    used = math.max(0, used - cost)
  else
    if delta == 0 then delta = cost end
    used = used - cost + delta
    -- Not dated before the newest there.
    record = bytes(math.max(now + later, last() - hold) + hold) .. pair(delta) .. id
  end
  value = pair(used) .. string.sub(value, 3, stop - 1) .. string.sub(value, stop + SIZE) .. record
  if #value == 2 then used = 0 end
  own, cost, leaves = nil, 0, nil
end

-- Puts the state in `reply`, from `i` on.
local function tell(reply, i)
  local latest = last()
  if not leaves then leaves, from, to = leaving(1) end
  reply[i], reply[i + 1], reply[i + 2] = used, latest > 0 and latest - later or 0, leaves > 0 and leaves - later or 0
  reply[i + 3], reply[i + 4], reply[i + 5] = from, to, cost
end

local function keep(key, life)
  if value and #value == 2 then
    call('DEL', key)
  elseif value then
    call('SET', key, value, 'PX', life)
  end
end
