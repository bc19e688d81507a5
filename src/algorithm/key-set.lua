-- Several keys in one verdict: all policies of all keys take their cost, or none does. Each key has the state, the time and the
-- end that it has by the script of its own policies: token-bucket.lua, sliding-window.lua, fixed-window.lua or policy-set.lua.
--
-- KEYS     the states
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- then for each key, behind what penalty.lua has of one with a penalty,
-- ARGV[n]    policies  how many
-- ARGV[n+1]  size      how many counts the state holds; then the arguments of each policy as in policy-set.lua
-- Reply    {allowed 1 or 0, at, counts…, at, counts…}: for each key the state as of `at` ms, after the call if allowed, else
--          before it
-- @only holds
-- Work in flight is the one policy of its key, with the arguments and the state of in-flight.lua: n, delta, hold, ceiling, and the
-- id or nothing.
-- @end
local args, call, byte, char = ARGV, redis.call, string.byte, string.char
local now = args[1] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
-- @without windows
local asked, values, n = now, call('MGET', unpack(KEYS)), 2
-- @end
-- @only windows
-- With one key this is the script of several policies, too.
local asked, values, n = now, #KEYS == 1 and {call('GET', KEYS[1])} or call('MGET', unpack(KEYS)), 2
-- @end
local old, new, i, allowed = {0}, {1}, 2, true
-- With room for three: tables that grow take longer.
local forms, ends = {0, 0, 0}, {0, 0, 0}

-- @include stored
-- @only holds
-- @include holds
-- What keys of work in flight hold after the call, and what is mended of them although the call is denied.
local held, mended = {}, {}
-- @end
-- @only strikes
-- Of the keys with a penalty: see the parts. What of a value are counts, and how long they count if nothing is taken.
local marks, writes, lefts, posts, rests, stays = {}, {}, {}, {}, {}, {}
-- @end

for k = 1, #KEYS do
  -- @only strikes
  -- @include penalty-read
  -- @end
  local policies, size, at, one, two = args[n] + 0, args[n + 1] + 0, nil, 0, 0
  n = n + 2
  value, read, only = values[k], nil, policies == 1 and (args[n] == '@' and args[n + 2] or args[n])
  -- @include key-read
  -- @only windows
  local bytes_each = 0
  if only == 'p' then
    -- @include parts-head
  elseif only == 'c' then
    -- @include calendar-read
  end
  -- @end
  -- @only holds
  if only == 'n' then at = nil end
  -- @end
  -- @without strikes
  if at and at > asked + GRACE and call('PTTL', KEYS[k]) <= GRACE then at, one, two, read = nil, 0, 0, nil end
  -- @end
  -- @only strikes
  local mark, stay, others, ahead = marks[k], 0, allowed, nil
  if at and at > asked + GRACE then
    ahead = call('PTTL', KEYS[k]) - (mark and mark[2] or 0)
    if ahead <= GRACE then at, one, two, read, ahead = nil, 0, 0, nil, nil end
  end
  rests[k], allowed = at and value or '', true
  -- @end
  local seen, lead, ttl = at or asked, 0, 0
  if seen > asked then lead = seen - asked end
  now = asked + lead
  old[i], new[i], values[k] = now, now, i
  i = i + 1
  for _ = 1, policies do
    local since = args[n] == '@' and args[n + 1] + 0
    if since then n = n + 2 end
    local kind, delta, pace, ceiling = args[n], args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
    local lives
    -- @only strikes
    local lasts
    -- @end
    if kind == 'b' then
      local full, window, count, debt = args[n + 4] + 0, args[n + 5] + 0, one, nil
      if read then count, debt = stored() end
      if debt then count = -count end
      -- @include bucket
      -- @only strikes
      lasts = used > 0 and math.max(window, math.ceil(math.max(full, used) / pace)) or 0
      -- @end
      if after > ceiling then allowed = false end
      old[i], new[i], lives = used > full and full - used or used, after > full and full - after or after, life
      n, i = n + 6, i + 1
    -- @only windows
    elseif kind == 'p' then
      local size, parts, used, list, from, to = args[n + 4] + 0, args[n + 5] + 0, one, {}, 0, 0
      if read then used = stored(), stored() end
      for m = 1, at and parts or 0 do
        local time, units, value = 0, 0, value
        -- @include part-read
        -- @include part-kept
      end
      if to == 0 then used = 0 end
      local function tell(reply)
        reply[i], reply[i + 1] = used, list[to - 1] or 0
        for m = 1, 2 * parts do reply[i + 1 + m] = list[m] or 0 end
      end
      tell(old)
      -- @end
      -- @only strikes
      lasts = used > 0 and list[to - 1] + pace - now or 0
      -- @end
      -- @only windows
      if since and since <= now - pace then delta = 0 end
      if used + delta > ceiling then allowed = false end
      -- @include parts
      tell(new)
      lives = used > 0 and list[to - 1] + pace - now or 0
      n, i = n + 6, i + 2 + 2 * parts
    elseif kind == 'c' then
      local count, ends, finish, behind = one, two, args[n + 4] + 0, args[n + 5] + 0
      if read then count, ends = stored(), (stored()) end
      -- @include calendar
      if after > ceiling then allowed = false end
      old[i], old[i + 1], new[i], new[i + 1], lives = count, ends, math.min(after, 2^53 - 1), ends, ends - now
      n, i = n + 6, i + 2
    -- @end
    -- @only holds
    elseif kind == 'n' then
      local id = args[n + 4] ~= '' and args[n + 4]
      local done = look(delta, pace, ceiling, id) and ceiling >= 0
      tell(old, i)
      -- What is not there any more is released: that must not keep the other keys' holds.
      if not done and delta >= 0 then allowed = false end
      if moved and ceiling >= 0 then mended[k] = value end
      if done then
        take(delta, pace, id)
        held[k] = value
      end
      tell(new, i)
      n, i, lives = n + 5, i + 6, pace
    -- @end
    else
      local current, previous = one, two
      if read then current, previous = stored(), kind == 's' and stored() or 0 end
      -- @include window
      old[i], new[i] = current, taken
      n, i = n + 4, i + 1
      -- @only strikes
      if current == 0 then lasts = pace - elapsed end
      -- @end
      if kind == 's' then
        old[i], new[i] = previous, carried
        i = i + 1
      end
    end
    if lives > ttl then ttl = lives end
    -- @only strikes
    stay = math.max(stay, lasts or lives)
    -- @end
  end
  -- @only strikes
  local denied = not allowed
  if mark then
    -- @include penalty
    old[i], new[i] = told, told
    i = i + 1
  end
  allowed = others and allowed
  stays[k] = rests[k] == '' and 0 or ahead or math.min(stay, 1e13) + GRACE
  -- @end
  if ttl > 1e13 then ttl = 1e13 end
  forms[k], ends[k] = only, ttl + GRACE
  -- @only holds
  if only == 'n' then ends[k] = ttl end
  -- @end
end
-- @only holds
for k = 1, allowed and 0 or #KEYS do
  value = mended[k]
  keep(KEYS[k], ends[k])
end
-- @end
-- @without strikes
if not allowed then return old end
-- @end
for k = 1, #KEYS do
  local from, form, to = values[k], forms[k], (values[k + 1] or i) - 1
  -- @only strikes
  if marks[k] then to = to - 1 end
  if not allowed then form, ends[k] = 'denied', stays[k] end
  -- @end
  -- @only windows
  if form == 'p' then
    -- @include parts-write
  elseif form == 'c' then
    -- @include calendar-write
  -- @end
  -- @only holds
  elseif form == 'n' then
    value = held[k]
  -- @end
  -- @only strikes
  elseif form == 'denied' then
    value = rests[k]
  -- @end
  -- @only windows
  else
  -- @end
  -- @include key-write
  -- @only windows
  end
  -- @end
  -- @only strikes
  if allowed or writes[k] then
  -- @include penalty-write
  -- @end
  -- @without holds
  call('SET', KEYS[k], value, 'PX', ends[k])
  -- @end
  -- @only holds
  keep(KEYS[k], ends[k])
  -- @end
  -- @only strikes
  end
  -- @end
end
-- @without strikes
return new
-- @end
-- @only strikes
return allowed and new or old
-- @end
