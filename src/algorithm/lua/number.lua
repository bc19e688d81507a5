-- The whole number in six bytes, the most significant first.
local function number(a, b, c, d, e, f)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
