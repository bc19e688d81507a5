-- Where a key has a penalty, its arguments begin with '!' and six more: penalty.lua has them. Takes what is kept for it off the front of
-- the value at `k`, and puts where its arguments are, by how long the key outlives the counts (ms), the steps, the end of the last block
-- and the strikes in `marks`.
if args[n] == '!' then
  local mark, whole = {n, 0, 0, 0, ''}, values[k]
  n = n + 7
  -- No count's value begins so, but for those of twelve bytes: no time is that late.
  if whole and #whole > 14 and byte(whole) == 255 then
    local _, a, b, c, d, e, f, steps, g, h, m, j, l, o, count = byte(whole, 1, 15)
    local blocked, length = number(g, h, m, j, l, o), 15 + 6 * count
    -- None is further ahead than the longest block.
    if #whole >= length and blocked < asked + 2^35 then
      mark = {mark[1], number(a, b, c, d, e, f), steps, blocked, string.sub(whole, 16, length)}
      values[k] = string.sub(whole, length + 1)
    end
  end
  marks[k] = mark
end
