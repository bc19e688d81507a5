-- What calendar-window.lua writes of a key with one such policy, in `at` and as its two counts in `one` and `two`.
at, one, two = nil, 0, 0
if value and #value == 19 then
  at, two = number(byte(value, 1, 6)), number(byte(value, 7, 12))
  one = byte(value, 13) * 2^48 + number(byte(value, 14, 19))
end
