--[[
  Reads the head of a room's log.

  KEYS[1]  the room's list, newest first
  KEYS[2]  the room's hash

  Returns { epoch ('' if unknown), head ('0' if the room never had an entry), Redis' time in milliseconds }.
]]
-- @include "../../client/lua/includes/time"
-- @include "includes/head"

local epoch, last = read_room(KEYS[2])
return { epoch, head_of(first_entry(KEYS[1], 0, 1), last), integer(now_ms()) }
