-- Redis' own clock, in whole milliseconds since 1970.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Formats a whole number. Lua's own conversion writes large numbers with an exponent.
local function integer(number)
  return string.format('%.0f', number)
end
