-- Redis' own clock, in whole milliseconds since 1970.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A whole number as text: Lua writes large ones with an exponent otherwise.
local function integer(number)
  return string.format('%.0f', number)
end
