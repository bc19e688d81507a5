-- Several policies in one verdict: all of them take their cost, or none does. The algorithms are those of
-- token-bucket.lua, sliding-window.lua and fixed-window.lua, read there.
--
-- KEYS[1]  state: see below
-- ARGV[1]  now    ms since the epoch, or -1 for the clock of Redis
-- ARGV[2]  size   how many counts the state holds
-- then for each policy
-- ARGV[n]    '@' and a time: optional, since as in the policy's own script; what follows comes two places later
-- ARGV[n]    kind     b token bucket (one count), s sliding window (two), f fixed window (one)
-- ARGV[n+1]  delta    as in the policy's own script, like those that follow
-- ARGV[n+2]  pace     the bucket's units per ms; a window's ms
-- ARGV[n+3]  ceiling
-- ARGV[n+4]  full     a bucket's alone
-- ARGV[n+5]  window   a bucket's alone
-- Reply    {allowed 1 or 0, at, counts…}: the state as of `at` ms, after the call if allowed, else before it
--
-- State: `at` (the latest time seen) in six bytes, then seven for each count, policies in order. The top byte of a
-- bucket's debt has 32 added.
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
  if seen > now + GRACE and call('PTTL', key) <= GRACE then
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
  return a % 32 * 2^48 + number(b, c, d, e, f, g), a > 31
end
local old, new, allowed, ttl, n = {0, now}, {1, now}, true, 0, 3
while n < #args do
  local since = args[n] == '@' and args[n + 1] + 0
  if since then n = n + 2 end
  local kind, delta, pace, ceiling = args[n], args[n + 1] + 0, args[n + 2] + 0, args[n + 3] + 0
  local i, lives = #old + 1, nil
  if kind == 'b' then
    local full, window = args[n + 4] + 0, args[n + 5] + 0
    local count, debt = stored()
    if debt then count = -count end
    -- @include bucket
    if after > ceiling then allowed = false end
    old[i], new[i], lives = used > full and full - used or used, after > full and full - after or after, life
    n = n + 6
  else
    local current, previous = stored(), kind == 's' and stored() or 0
    -- @include window
    old[i], new[i] = current, taken
    if kind == 's' then old[i + 1], new[i + 1] = previous, carried end
    n = n + 4
  end
  if lives > ttl then ttl = lives end
end
if not allowed then return old end
if ttl > 1e13 then ttl = 1e13 end
value = bytes(now)
for i = 3, #new do
  local count = math.abs(new[i])
  local low = count % 2^48
  value = value .. string.char((count - low) / 2^48 + (new[i] < 0 and 32 or 0)) .. bytes(low)
end
call('SET', key, value, 'PX', ttl + GRACE)
return new
