-- Puts what is kept of the penalty at `k` before the `value`, unless nothing of it counts any more; in `ends` is how long the key lives.
if marks[k] and lefts[k] > 0 then
  local life = math.min(lefts[k], 1e13) + GRACE
  value = char(255) .. bytes(math.max(0, life - ends[k])) .. posts[k] .. value
  if life > ends[k] then ends[k] = life end
end
