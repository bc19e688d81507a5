-- Several policies in one verdict: all of them take their cost, or none does. The algorithms are those of
-- token-bucket.lua, sliding-window.lua and fixed-window.lua, read there.
--
-- KEYS[1]  state: see below
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  size   how many counts the state holds
-- then for each policy
-- ARGV[n]    kind     b token bucket (one count), s sliding window (two), f fixed window (one)
-- ARGV[n+1]  delta    as in the policy's own script, like the two that follow
-- ARGV[n+2]  pace     the bucket's units per ms; a window's ms
-- ARGV[n+3]  ceiling
-- Reply    {allowed 1 or 0, at, counts…}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen) in six bytes, then seven for each count, policies in order.
local key, args, call = KEYS[1], ARGV, redis.call
local now, size = args[1] + 0, args[2] + 0
-- @include clock
-- @include grace
-- @include number
-- @include bytes
local value = call('GET', key)
local seen, lead = now, 0
if value and #value == 6 + 7 * size then
  seen = number(string.byte(value, 1, 6))
  if seen > now + GRACE and (seen > now + 86400000 or call('PTTL', key) <= GRACE) then
    seen, value = now, false
  elseif seen > now then
    now, lead = seen, seen - now
  end
else
  value = false
end
local read = 7
local function stored()
  if not value then return 0 end
  local a, b, c, d, e, f, g = string.byte(value, read, read + 6)
  read = read + 7
  return a * 281474976710656 + number(b, c, d, e, f, g)
end
local before, after, allowed, ttl = {0, now}, {1, now}, true, 0
for n = 3, #args, 4 do
  local kind, delta, pace, ceiling = args[n], args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
  local i, life = #before + 1, nil
  if kind == 'b' then
    local used = stored() - (now - seen) * pace
    if used < 0 then used = 0 end
    local taken = used + delta
    if taken > ceiling then allowed = false end
    if taken < 0 then taken = 0 elseif taken > 9007199254740991 then taken = 9007199254740991 end
    before[i], after[i] = used, taken
    life = math.ceil(taken / pace)
  else
    local current, previous = stored(), kind == 's' and stored() or 0
    local elapsed = now % pace
    if seen < now - elapsed then
      previous = kind == 's' and seen >= now - elapsed - pace and current or 0
      current = 0
    end
    local taken, carried = current + delta, previous
    if taken < 0 then
      carried = carried + taken
      if carried < 0 then carried = 0 end
      taken = 0
    end
    life = pace - elapsed
    before[i], after[i] = current, taken
    if kind == 's' then
      if taken * pace + carried * (pace - elapsed) > ceiling then allowed = false end
      if taken > 0 then life = lead >= pace and pace or life + pace end
      before[i + 1], after[i + 1] = previous, carried
    elseif taken > ceiling then
      allowed = false
    end
  end
  if after[i] > 9007199254740991 then after[i] = 9007199254740991 end
  if life > ttl then ttl = life end
end
if not allowed then return before end
if ttl > 1e13 then ttl = 1e13 end
value = bytes(now)
for i = 3, #after do
  local low = after[i] % 281474976710656
  value = value .. string.char((after[i] - low) / 281474976710656) .. bytes(low)
end
call('SET', key, value, 'PX', ttl + GRACE)
return after
