-- Puts the state in `new`, its time at `from` and its counts up to `to`, in `value`: in the form of the one policy of kind `form`, or of
-- several.
local high, low, wide = new[from], new[from + 1], not form
if form == 's' then
  wide = low >= 2^24 or new[to] >= 2^24
  low = low * 2^24 + new[to]
elseif form then
  local debt, count = 0, low
  if count < 0 then debt, count = 32, -count end
  low = count % 2^48
  high = high * 64 + debt + (count - low) / 2^48
end
if wide then
  value = bytes(high)
  for c = from + 1, to do
    local count, debt = new[c], 0
    if count < 0 then debt, count = 32, -count end
    low = count % 2^48
    value = value .. char((count - low) / 2^48 + debt) .. bytes(low)
  end
else
  -- @include twelve
end
