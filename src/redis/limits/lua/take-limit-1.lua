--[[
  Counts one action against a sliding limit: at most `count` in any window of `window` milliseconds.

  KEYS[1]  a list of the times of the newest actions, in milliseconds, newest first

  ARGV[1]  count
  ARGV[2]  window, in milliseconds

  Returns 0 if the action is allowed and was counted, else the milliseconds to wait.
]]
local log = KEYS[1]
local count, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local oldest = tonumber(redis.call('LINDEX', log, count - 1))
-- Ignore a time in the future: it was written before Redis' clock was set back.
if oldest and oldest <= now and oldest + window > now then
  return oldest + window - now
end
redis.call('LPUSH', log, string.format('%.0f', now))
redis.call('LTRIM', log, 0, count - 1)
redis.call('PEXPIRE', log, window)
return 0
