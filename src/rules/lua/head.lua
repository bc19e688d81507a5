-- What is there: the first line's second word, 'none', or 'foreign' for what has another first line.
local first = redis.pcall('GETRANGE', KEYS[1], 0, 63)
local head = 'foreign'
if first == '' then
  head = 'none'
elseif type(first) == 'string' then
  head = string.match(first, '^sluice%-rules%s1%s(v%d+%.%w+)\n') or 'foreign'
end
