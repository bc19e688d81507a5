-- A whole number below 2^48 as six bytes, the most significant first. Exact divisions only, since engines differ in how
-- they cut a fraction.
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
