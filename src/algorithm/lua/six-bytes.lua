-- Whole numbers below 2^48 as six bytes, the most significant first. Exact divisions only, since engines differ in
-- how they cut a fraction.
local function number(a, b, c, d, e, f)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function bytes(n)
  local f = n % 256
  n = (n - f) / 256
  local e = n % 256
  n = (n - e) / 256
  local d = n % 256
  n = (n - d) / 256
  local c = n % 256
  n = (n - c) / 256
  local b = n % 256
  return string.char((n - b) / 256, b, c, d, e, f)
end
