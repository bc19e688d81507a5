-- The next count of a value of several, and whether it is a debt; a sliding window alone has no debts.
local value, read, only
local function stored()
  local a, b, c, d, e, f, g = byte(value, read, read + 6)
  read = read + 7
  return (only and a or a % 32) * 2^48 + number(b, c, d, e, f, g), a > 31
end
