-- Puts the state in `new`, its time at `from`, in `value` as calendar-window.lua does.
local count = new[from + 1]
local low = count % 2^48
value = bytes(new[from]) .. bytes(new[from + 2]) .. char((count - low) / 2^48) .. bytes(low)
