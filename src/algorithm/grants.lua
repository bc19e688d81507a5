-- Several keys in one verdict as in key-set.lua, and beside it what an isolate takes ahead: what it brings back is given back first,
-- then all policies of all keys take their cost, or none does, then each key grants more calls of that cost, as far as asked for
-- and no more than a quarter of the room. A denial writes what came back, and nothing else.
--
-- KEYS     the states, as in key-set.lua
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- then for each key
-- ARGV[n]    policies  how many
-- ARGV[n+1]  size      how many counts the state holds
-- ARGV[n+2]  spare     the most calls to grant
-- ARGV[n+3]  since     when that was taken which comes back, ms; 0 if nothing does
-- then for each policy its arguments as in policy-set.lua, and behind them
-- ARGV[n]    back      what comes back, as in delta
-- Reply    {allowed 1 or 0, granted, at, counts…, granted, at, counts…}: for each key how many calls were granted, and the state
--          as of `at` ms, after all of it
local args, call, byte, char = ARGV, redis.call, string.byte, string.char
local now = args[1] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
-- A key alone by GET, which tells somebody else's value of another type from none.
local asked, values, allowed = now, KEYS[2] and call('MGET', unpack(KEYS)) or {call('GET', KEYS[1])}, true
-- As it is with what came back, and after all of it.
local old, new = {0}, {1}
local forms, starts, ends, grants, backs, brings = {}, {}, {}, {}, {}, false
-- @include stored

-- Three times over: what comes back; the call's cost; that and what is granted. The latter two begin with what the first left.
for pass = 1, 3 do
  local n, i = 2, 2
  for k = 1, #KEYS do
    local policies, size, spare, gone = args[n] + 0, args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
    local at, one, two, ttl = nil, 0, 0, 0
    n = n + 4
    if pass == 1 then
      value, read, only = values[k], nil, policies == 1 and args[n]
      -- @include key-read
      forms[k], starts[k], grants[k], backs[k] = only, i + 1, spare, gone > 0
      brings = brings or gone > 0
    else
      at = old[i + 1]
    end
    local seen, lead = at or asked, 0
    if seen > asked then lead = seen - asked end
    now = asked + lead
    old[i], new[i], old[i + 1], new[i + 1] = 0, allowed and grants[k] or 0, now, now
    i = i + 2
    for _ = 1, policies do
      local kind, cost, pace, ceiling = args[n], args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
      local full, window, most = 0, 0, ceiling
      if kind == 'b' then full, window, n = args[n + 4] + 0, args[n + 5] + 0, n + 2 end
      n = n + 5
      local delta, since, lives, current, previous, debt = cost, nil, nil, one, two, nil
      if pass == 1 then
        delta, since = -args[n - 1], gone
        if read then current, debt = stored() end
        if debt then current = -current end
        if read and kind == 's' then previous = stored() end
      else
        current, previous = old[i], kind == 's' and old[i + 1] or 0
        if pass == 3 then delta, ceiling = allowed and cost * (1 + grants[k]) or 0, math.huge end
      end
      local room
      if kind == 'b' then
        local count = current
        -- @include bucket
        if after > ceiling then allowed = false end
        new[i], lives, room = after > full and full - after or after, life, most - after
      else
        -- @include window
        new[i], room = taken, most - load
        if kind == 's' then
          new[i + 1], cost = carried, cost * pace
        end
      end
      if pass == 2 and cost > 0 then grants[k] = math.min(grants[k], math.max(0, math.floor(room / cost / 4))) end
      if pass == 1 then old[i], old[i + 1] = new[i], new[i + 1] end
      i = i + (kind == 's' and 2 or 1)
      if lives > ttl then ttl = lives end
    end
    if ttl > 1e13 then ttl = 1e13 end
    ends[k] = ttl + GRACE
  end
  if pass == 2 and not (allowed or brings) then return old end
end
if not allowed then new[1] = 0 end
for k = 1, #KEYS do
  local from, form, to = starts[k], forms[k], (starts[k + 1] or #new + 2) - 2
  if allowed or backs[k] then
    -- @include key-write
    call('SET', KEYS[k], value, 'PX', ends[k])
  end
end
return new
