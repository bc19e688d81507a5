-- Reads what the key at `k` holds: `at`, and its counts, as `one` and `two` of a policy alone, else by stored.lua from `read` on.
-- `only` is the one policy's kind. A state from a clock far ahead counts for as long as it lives.
if value and only and #value == 12 then
  local a, b, c, d, e, f, g, h, i, j, l, m = byte(value, 1, 12)
  at = number(a, b, c, d, e, f)
  if only == 's' then
    one, two = (g * 256 + h) * 256 + i, (j * 256 + l) * 256 + m
  else
    local high = f % 64
    at, one = (at - high) / 64, high % 32 * 2^48 + number(g, h, i, j, l, m)
    if high > 31 then one = only == 'b' and -one or 0 end
  end
elseif value and #value == 6 + 7 * size and (not only or only == 's') then
  at, read = number(byte(value, 1, 6)), 7
end
if at and at > asked + GRACE and call('PTTL', KEYS[k]) <= GRACE then at, one, two, read = nil, 0, 0, nil end
