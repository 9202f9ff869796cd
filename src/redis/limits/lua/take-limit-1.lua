--[[
  Takes one from a limit, or says how long to wait: never more than `count` in any time of `window`.

  KEYS[1]  the limit's log: when each of the newest was taken, newest first

  ARGV[1]  count: how many are taken at most
  ARGV[2]  window: within so many milliseconds

  Returns 0 where it was taken, otherwise the milliseconds until one may be.
]]
local log = KEYS[1]
local count, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local oldest = tonumber(redis.call('LINDEX', log, count - 1))
-- A time that is yet to come was written before Redis' clock was set back: it says nothing.
if oldest and oldest <= now and oldest + window > now then
  return oldest + window - now
end
redis.call('LPUSH', log, string.format('%.0f', now))
redis.call('LTRIM', log, 0, count - 1)
redis.call('PEXPIRE', log, window)
return 0
