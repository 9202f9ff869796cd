--[[
  Counts the connections of many rooms in one call. In a Cluster, the keys are in different slots, so it is not used there.

  KEYS  the rooms' sets of connections

  Returns the size of each set; 0 for a key of the wrong type.
]]
-- @include "../../client/lua/includes/unless-wrong-type"

local counts = {}
for index = 1, #KEYS do
  counts[index] = unless_wrong_type(redis.pcall('SCARD', KEYS[index]), 0)
end
return counts
