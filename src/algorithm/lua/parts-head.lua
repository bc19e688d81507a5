-- What sliding-parts.lua writes of a key with one such policy: `at`, in `one` the units in use, and how many bytes each part has.
at, one, two = nil, 0, 0
if value and #value > 8 then
  local a, b, c, d, e, f, g, h, i, j, l, m, o = byte(value, 1, 13)
  bytes_each = a > 127 and 12 or 8
  local rest = #value - bytes_each - 1
  if rest >= 0 and rest % bytes_each == 0 and rest <= bytes_each * args[args[n] == '@' and n + 7 or n + 5] then
    at, one = number(a % 128, b, c, d, e, f), (g * 256 + h) * 256 + i
    if a > 127 then one = (((one * 256 + j) * 256 + l) * 256 + m) * 256 + o end
  end
end
