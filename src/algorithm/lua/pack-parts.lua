-- The bytes that sliding-parts.lua writes of the parts in `list`, behind `from` and up to `to`, and of their sum `used`.
local wide = used >= 2^24
local function units(n)
  local low = n % 2^48
  return wide and char((n - low) / 2^48) .. bytes(low) or string.sub(bytes(low), 4)
end
value = bytes(wide and now + 2^47 or now) .. units(used)
for n = from + 1, to, 2 do value = value .. string.sub(bytes(list[n]), 2) .. units(list[n + 1]) end
