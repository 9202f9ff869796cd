-- @include "../../../client/lua/includes/time"

-- A sliding limit: never more than `count` in any period of `window` milliseconds. Its log is a list of the
-- times of the newest, newest first.

-- Milliseconds until the log takes one more; 0 if it does now. A count of 0 is no limit.
local function wait_of(log, count, window, now)
  local oldest = count > 0 and tonumber(redis.call('LINDEX', log, count - 1))
  -- A time in the future was written before Redis' clock was set back: it says nothing.
  if not oldest or oldest > now then
    return 0
  end
  return math.max(oldest + window - now, 0)
end

-- Counts one. Keeps as many times as the limit looks at, for as long as it looks at them.
local function count_in(log, count, window, now)
  redis.call('LPUSH', log, integer(now))
  redis.call('LTRIM', log, 0, count - 1)
  redis.call('PEXPIRE', log, integer(window))
end
