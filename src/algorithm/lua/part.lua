-- Reads `time` and `units` of the part that begins at byte `n`, as sliding-parts.lua writes them.
local a, b, c, d, e, f, g, h, i, j, k, l = byte(value, n, n + width - 1)
time, units = now - (now - ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e)) % 2^40, (f * 256 + g) * 256 + h
if l then units = (((units * 256 + i) * 256 + j) * 256 + k) * 256 + l end
