--[[
  Counts one action against a sliding limit: at most `count` in any window of `window` milliseconds.

  KEYS[1]  a list of the times of the newest actions, in milliseconds, newest first

  ARGV[1]  count
  ARGV[2]  window, in milliseconds

  Returns 0 if the action is allowed and was counted, else the milliseconds to wait.
]]
-- @include "includes/sliding-limit"

local log = KEYS[1]
local count, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local now = now_ms()

local wait = wait_of(log, count, window, now)
if wait == 0 then
  count_in(log, count, window, now)
end
return wait
