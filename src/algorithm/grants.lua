-- Several keys in one verdict as in key-set.lua, and beside it what an isolate takes ahead: what it brings back is given back first,
-- then all policies of all keys take their cost, or none does, then each key grants more calls of that cost, as far as asked for
-- and no more than a quarter of the room. A denial writes what came back, and nothing else.
--
-- KEYS     the states, as in key-set.lua
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- then for each key
-- ARGV[n]    policies  how many, behind what penalty.lua has of a key with a penalty
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
-- @only strikes
-- Of the keys with a penalty: see the parts. What of a value are counts, and how long one from a clock ahead still counts.
local marks, writes, lefts, posts, rests, aheads, struck = {}, {}, {}, {}, {}, {}, false
-- @end

-- Three times over: what comes back; the call's cost; that and what is granted. The latter two begin with what the first left.
for pass = 1, 3 do
  local n, i = 2, 2
  for k = 1, #KEYS do
    -- @only strikes
    if pass == 1 then
      -- @include penalty-read
    elseif marks[k] then
      n = n + 7
    end
    local mark, others = marks[k], allowed
    if pass == 2 then allowed = true end
    -- @end
    local policies, size, spare, gone = args[n] + 0, args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
    local at, one, two, ttl = nil, 0, 0, 0
    n = n + 4
    -- @only windows
    local bytes_each = 0
    -- @end
    if pass == 1 then
      value, read, only = values[k], nil, policies == 1 and args[n]
      -- @include key-read
      -- @only windows
      if only == 'c' then
        -- @include calendar-read
      elseif only == 'p' then
        -- @include parts-head
      end
      -- @end
      -- @without strikes
      if at and at > asked + GRACE and call('PTTL', KEYS[k]) <= GRACE then at, one, two, read = nil, 0, 0, nil end
      -- @end
      -- @only strikes
      if at and at > asked + GRACE then
        aheads[k] = call('PTTL', KEYS[k]) - (mark and mark[2] or 0)
        if aheads[k] <= GRACE then at, one, two, read, aheads[k] = nil, 0, 0, nil, nil end
      end
      rests[k] = at and value or ''
      -- @end
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
      -- @without windows
      local pair = kind == 's'
      if kind == 'b' then full, window, n = args[n + 4] + 0, args[n + 5] + 0, n + 2 end
      -- @end
      -- @only windows
      local pair = kind ~= 'b' and kind ~= 'f'
      if kind ~= 's' and kind ~= 'f' then full, window, n = args[n + 4] + 0, args[n + 5] + 0, n + 2 end
      -- @end
      n = n + 5
      local delta, since, lives, current, previous, debt = cost, nil, nil, one, two, nil
      if pass == 1 then
        delta, since, ceiling = -args[n - 1], gone, 1e300
        if read then current, debt = stored() end
        if debt then current = -current end
        if read and pair then previous = stored() end
      else
        current, previous = old[i], pair and old[i + 1] or 0
        if pass == 3 then delta, ceiling = allowed and cost * (1 + grants[k]) or 0, 1e300 end
      end
      local room
      if kind == 'b' then
        local count = current
        -- @include bucket
        if after > ceiling then allowed = false end
        new[i], lives, room = after > full and full - after or after, life, most - after
      -- @only windows
      elseif kind == 'p' then
        local size, parts, used, list, from, to = full, window, current, {}, 0, 0
        for m = 1, at and parts or 0 do
          local time, units, value = 0, 0, value
          if pass > 1 then
            time, units = old[i + 2 * m], old[i + 1 + 2 * m]
          else
            -- @include part-read
          end
          -- @include part-kept
        end
        if to == 0 then used = 0 end
        if since and since <= now - pace then delta = 0 end
        if used + delta > ceiling then allowed = false end
        -- @include parts
        new[i], new[i + 1] = used, list[to - 1] or 0
        for m = 1, 2 * parts do
          new[i + 1 + m] = list[m] or 0
          if pass == 1 then old[i + 1 + m] = new[i + 1 + m] end
        end
        lives, room = used > 0 and list[to - 1] + pace - now or 0, most - used
      elseif kind == 'c' then
        local count, ends, finish, behind = current, previous, full, window
        -- @include calendar
        if after > ceiling then allowed = false end
        new[i], new[i + 1], lives, room = math.min(after, 2^53 - 1), ends, ends - now, most - after
      -- @end
      else
        -- @include window
        new[i], room = taken, most - load
        if kind == 's' then
          new[i + 1], cost = carried, cost * pace
        end
      end
      if pass == 2 and cost > 0 then grants[k] = math.min(grants[k], math.max(0, math.floor(room / cost / 4))) end
      if pass == 1 then old[i], old[i + 1] = new[i], new[i + 1] end
      -- @only windows
      if kind == 'p' then i = i + 2 * window end
      -- @end
      i = i + (pair and 2 or 1)
      if lives > ttl then ttl = lives end
    end
    -- @only strikes
    if pass == 2 then
      local denied = not allowed
      if mark then
        -- @include penalty
        old[i], new[i], struck = told, told, struck or writes[k]
      end
      allowed = others and allowed
    end
    if mark then i = i + 1 end
    -- @end
    if ttl > 1e13 then ttl = 1e13 end
    ends[k] = ttl + GRACE
  end
  -- @without strikes
  if pass == 2 and not (allowed or brings) then return old end
  -- @end
  -- @only strikes
  if pass == 2 and not (allowed or brings or struck) then return old end
  -- @end
end
if not allowed then new[1] = 0 end
for k = 1, #KEYS do
  local from, form, to = starts[k], forms[k], (starts[k + 1] or #new + 2) - 2
  -- @without strikes
  if allowed or backs[k] then
  -- @end
  -- @only strikes
  if marks[k] then to = to - 1 end
  if allowed or backs[k] or writes[k] then
    if not (allowed or backs[k]) then
      value = rests[k]
      ends[k] = value == '' and 0 or aheads[k] or ends[k]
    else
  -- @end
  -- @only windows
    if form == 'c' then
      -- @include calendar-write
    elseif form == 'p' then
      -- @include parts-write
    else
  -- @end
    -- @include key-write
  -- @only windows
    end
  -- @end
  -- @only strikes
    end
    -- @include penalty-write
  -- @end
    call('SET', KEYS[k], value, 'PX', ends[k])
  end
end
return new
