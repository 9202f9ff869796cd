--[[
  Reads the newest entry of each room, and the time by which to judge its age: that of the server that has it.

  KEYS  the rooms' lists, newest first. In a Cluster only one, because other lists are in other slots

  Returns { Redis' time in milliseconds, entry... }, with nil for an empty list and 0 for a key of the wrong type.
]]
-- @include "includes/time"
-- @include "includes/unless-wrong-type"

local reply = { integer(now_ms()) }
for index = 1, #KEYS do
  reply[index + 1] = unless_wrong_type(redis.pcall('LINDEX', KEYS[index], 0), 0)
end
return reply
