-- Several keys in one verdict: all policies of all keys take their cost, or none does. Each key has the state, the time and the
-- end that it has by the script of its own policies: token-bucket.lua, sliding-window.lua, fixed-window.lua or policy-set.lua.
--
-- KEYS     the states
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- then for each key
-- ARGV[n]    policies  how many
-- ARGV[n+1]  size      how many counts the state holds; then the arguments of each policy as in policy-set.lua
-- Reply    {allowed 1 or 0, at, counts…, at, counts…}: for each key the state as of `at` ms, after the call if allowed, else
--          before it
local args, call, byte, char = ARGV, redis.call, string.byte, string.char
local now = args[1] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
local asked, values, n = now, call('MGET', unpack(KEYS)), 2
local old, new, i, allowed = {0}, {1}, 2, true
-- With room for three: tables that grow take longer.
local forms, ends = {0, 0, 0}, {0, 0, 0}

-- @include stored

for k = 1, #KEYS do
  local policies, size, at, one, two = args[n] + 0, args[n + 1] + 0, nil, 0, 0
  n = n + 2
  value, read, only = values[k], nil, policies == 1 and (args[n] == '@' and args[n + 2] or args[n])
  -- @include key-read
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
    if kind == 'b' then
      local full, window, count, debt = args[n + 4] + 0, args[n + 5] + 0, one, nil
      if read then count, debt = stored() end
      if debt then count = -count end
      -- @include bucket
      if after > ceiling then allowed = false end
      old[i], new[i], lives = used > full and full - used or used, after > full and full - after or after, life
      n, i = n + 6, i + 1
    else
      local current, previous = one, two
      if read then current, previous = stored(), kind == 's' and stored() or 0 end
      -- @include window
      old[i], new[i] = current, taken
      n, i = n + 4, i + 1
      if kind == 's' then
        old[i], new[i] = previous, carried
        i = i + 1
      end
    end
    if lives > ttl then ttl = lives end
  end
  if ttl > 1e13 then ttl = 1e13 end
  forms[k], ends[k] = only, ttl + GRACE
end
if not allowed then return old end
for k = 1, #KEYS do
  local from, form, to = values[k], forms[k], (values[k + 1] or i) - 1
  -- @include key-write
  call('SET', KEYS[k], value, 'PX', ends[k])
end
return new
