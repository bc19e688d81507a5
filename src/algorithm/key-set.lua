-- Several keys in one verdict: all policies of all keys take their cost, or none does. Each key has the state, the time and the
-- end that it has by the script of its own policies: token-bucket.lua, sliding-window.lua, fixed-window.lua or policy-set.lua.
--
-- KEYS     the states
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- then for each key
-- ARGV[n]  policies  how many, followed by the arguments of each as in policy-set.lua
-- Reply    {allowed 1 or 0, at, counts…, at, counts…}: for each key the state as of `at` ms, after the call if allowed, else
--          before it
local args, call = ARGV, redis.call
local now = args[1] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
local asked, values, n = now, call('MGET', unpack(KEYS)), 2
local old, new, allowed, writes = {0}, {1}, true, {}

-- A count in seven bytes, and in the top one 32 more if it is a debt.
local function seven(count)
  local low = math.abs(count) % 2^48
  return string.char((math.abs(count) - low) / 2^48 + (count < 0 and 32 or 0)) .. bytes(low)
end

-- The time and the counts in a value of `size` counts, or nil; a single policy has a form of its own.
local function parsed(value, kind, size)
  local short = kind and #value == 12
  if not short and (#value ~= 6 + 7 * size or kind and kind ~= 's') then return nil end
  local at, counts = number(string.byte(value, 1, 6)), {}
  if short then
    local low = number(string.byte(value, 7, 12))
    if kind == 's' then
      counts[1], counts[2] = (low - low % 2^24) / 2^24, low % 2^24
    else
      local high = at % 64
      at, counts[1] = (at - high) / 64, high % 32 * 2^48 + low
      if high > 31 then counts[1] = kind == 'b' and -counts[1] or 0 end
    end
  else
    for i = 0, size - 1 do
      local high = string.byte(value, 7 + 7 * i)
      local count = (kind and high or high % 32) * 2^48 + number(string.byte(value, 8 + 7 * i, 13 + 7 * i))
      counts[i + 1] = high > 31 and -count or count
    end
  end
  return at, counts
end

for k = 1, #KEYS do
  local policies, only, size = args[n] + 0, nil, 0
  local m = n + 1
  for _ = 1, policies do
    size = size + (args[m] == 's' and 2 or 1)
    m = m + (args[m] == 'b' and 6 or 4)
  end
  if policies == 1 then only = args[n + 1] end
  local at, counts
  if values[k] then at, counts = parsed(values[k], only, size) end
  if at and at > asked + GRACE and call('PTTL', KEYS[k]) <= GRACE then at = nil end
  if not at then at, counts = asked, {} end
  local seen, lead, ttl, from = at, math.max(0, at - asked), 0, #new + 1
  now = asked + lead
  old[from], new[from] = now, now
  n = n + 1
  local c = 1
  for _ = 1, policies do
    local kind, delta, pace, ceiling = args[n], args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
    local i, lives = #new + 1, nil
    if kind == 'b' then
      local full, window, count = args[n + 4] + 0, args[n + 5] + 0, counts[c] or 0
      -- @include bucket
      if after > ceiling then allowed = false end
      old[i], new[i], lives = used > full and full - used or used, after > full and full - after or after, life
      n, c = n + 6, c + 1
    else
      local current, previous = math.abs(counts[c] or 0), kind == 's' and math.abs(counts[c + 1] or 0) or 0
      -- @include window
      old[i], new[i] = current, taken
      n, c = n + 4, c + 1
      if kind == 's' then old[i + 1], new[i + 1], c = previous, carried, c + 1 end
    end
    if lives > ttl then ttl = lives end
  end
  writes[k] = {from, only, math.min(ttl, 1e13)}
end
if not allowed then return old end
for k = 1, #KEYS do
  local from, only, ttl = writes[k][1], writes[k][2], writes[k][3]
  local to = writes[k + 1] and writes[k + 1][1] - 1 or #new
  local at, count, value = new[from], math.abs(new[from + 1]), nil
  if only and only ~= 's' then
    local low = count % 2^48
    value = bytes(at * 64 + (new[from + 1] < 0 and 32 or 0) + (count - low) / 2^48) .. bytes(low)
  elseif only and count < 2^24 and new[to] < 2^24 then
    value = bytes(at) .. bytes(count * 2^24 + new[to])
  else
    value = bytes(at)
    for i = from + 1, to do value = value .. seven(new[i]) end
  end
  call('SET', KEYS[k], value, 'PX', ttl + GRACE)
end
return new
