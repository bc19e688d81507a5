-- Adds what one isolate saw to the figures of an hour.
--
-- KEYS[1]  the hour of a limiter
-- ARGV[1]  what to add, JSON as below
-- ARGV[2]  ms until the value goes
-- Reply    the bytes of the value
--
-- A value is JSON: {"v":1,"sums":{name:count,…},"tops":{name:[floor,key,count,error,key,count,error,…],…}}.
-- Of a key in a list, what happened is at most `count` and at least `count - error`; of any other, at most `floor`. A list
-- has at most MOST keys, those of the highest counts first. The twin is merge-tops.ts.
local MOST = 64

-- What may have happened of a key that one of the lists lacks is at most that list's floor.
local function merged(old, new)
  local entries, places = {}, {}
  for i = 2, #old, 3 do
    local entry = { old[i], old[i + 1] + new[1], old[i + 2] + new[1], #entries }
    entries[#entries + 1] = entry
    places[old[i]] = entry
  end
  for i = 2, #new, 3 do
    local entry = places[new[i]]
    if entry then
      entry[2] = entry[2] - new[1] + new[i + 1]
      entry[3] = entry[3] - new[1] + new[i + 2]
    else
      entries[#entries + 1] = { new[i], new[i + 1] + old[1], new[i + 2] + old[1], #entries }
    end
  end
  table.sort(entries, function(a, b)
    if a[2] == b[2] then return a[4] < b[4] end
    return a[2] > b[2]
  end)
  local dropped = entries[MOST + 1]
  local list = { dropped and dropped[2] or old[1] + new[1] }
  for i = 1, math.min(MOST, #entries) do
    for part = 1, 3 do list[#list + 1] = entries[i][part] end
  end
  return list
end

local add = cjson.decode(ARGV[1])
local value = redis.call('GET', KEYS[1])
local readable, sum = pcall(cjson.decode, value or '')
-- What is no such value is nobody's: it is overwritten.
if not readable or type(sum) ~= 'table' or sum.v ~= 1 then
  sum = add
else
  for name, count in pairs(add.sums) do sum.sums[name] = (sum.sums[name] or 0) + count end
  for name, list in pairs(add.tops) do
    sum.tops[name] = sum.tops[name] and merged(sum.tops[name], list) or list
  end
end
local text = cjson.encode(sum)
redis.call('SET', KEYS[1], text, 'PX', ARGV[2])
return #text
