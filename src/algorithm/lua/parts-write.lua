-- Puts the state in `new`, its time at `from` and its counts up to `to`, in `value` as sliding-parts.lua does.
local used, now, list, last, from, to = new[from + 1], new[from], new, to, from + 2, from + 2
while to + 1 < last and new[to + 2] > 0 do to = to + 2 end
-- @include pack-parts
