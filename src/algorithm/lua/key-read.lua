-- Reads what the key at `k` holds: `at`, and its counts, as `one` and `two` of a policy alone, else by stored.lua from `read` on.
-- `only` is the one policy's kind. Numbers are written out: to call `number` for them takes longer.
if value and only and #value == 12 then
  local a, b, c, d, e, f, g, h, i, j, l, m = byte(value, 1, 12)
  at = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
  if only == 's' then
    one, two = (g * 256 + h) * 256 + i, (j * 256 + l) * 256 + m
  else
    local high = f % 64
    at, one = (at - high) / 64, high % 32 * 2^48 + ((((g * 256 + h) * 256 + i) * 256 + j) * 256 + l) * 256 + m
    if high > 31 then one = only == 'b' and -one or 0 end
  end
elseif value and #value == 6 + 7 * size and (not only or only == 's') then
  at, read = number(byte(value, 1, 6)), 7
end
