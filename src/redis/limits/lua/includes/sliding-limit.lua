-- @include "../../../client/lua/includes/time"

-- A sliding window limit: at most `count` actions in any period of `window` milliseconds. The log is a list
-- of the times of the newest actions, newest first.

-- Milliseconds until one more action is allowed. 0 if it is
-- allowed now, or if `count` is 0, which means no limit.
local function wait_of(log, count, window, now)
  local oldest = count > 0 and tonumber(redis.call('LINDEX', log, count - 1))
  -- Ignore a time in the future. It was written before Redis' clock was set back.
  if not oldest or oldest > now then
    return 0
  end
  return math.max(oldest + window - now, 0)
end

-- Counts one action. Keeps only as many times as the limit needs, for as long as it needs them.
local function count_in(log, count, window, now)
  redis.call('LPUSH', log, integer(now))
  redis.call('LTRIM', log, 0, count - 1)
  redis.call('PEXPIRE', log, integer(window))
end
