-- Reads `time` and `units` of part `m`: beside other policies from `stored`, of a key with this one alone from its bytes.
if read then
  time, units = stored(), (stored())
elseif bytes_each * m + 2 < #value then
  local width, n = bytes_each, bytes_each * m + 2
  -- @include part
end
