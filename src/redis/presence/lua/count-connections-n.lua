--[[
  Counts the connections of many rooms in one call. In a Cluster, the keys are in different slots, so it is not used there.

  KEYS  the rooms' sets of connections

  Returns the size of each set; 0 for a key of the wrong type.
]]
local counts = {}
for index = 1, #KEYS do
  local count = redis.pcall('SCARD', KEYS[index])
  counts[index] = type(count) == 'table' and 0 or count
end
return counts
