--[[
  Holds a message to its limits, stores it, publishes it and gives it its id, all in one step.

  KEYS[1]  the room's list, newest at the head; the channel has the same name
  KEYS[2]  the room's slow mode: the seconds between two messages of a user; absent for none
  KEYS[3]  the user's log: when their newest messages in this room were sent, newest first
  KEYS[4]  the address's log: the same of all messages from there
  KEYS[5]  the address's log of new rooms: when the newest rooms were begun from there
  KEYS[6]  the nonce's key; absent where there is no nonce

  ARGV[1]  the message's JSON without its opening brace and without id and prev; it is stored byte for byte
  ARGV[2]  how many messages the room keeps
  ARGV[3]  how long a message is kept, in milliseconds
  ARGV[4]  how long a nonce is remembered, in milliseconds
  ARGV[5]  how many messages a user sends into the room at most within ARGV[6] milliseconds; 0 for any number
  ARGV[7]  how many come from the address at most within ARGV[8] milliseconds; 0 for any number
  ARGV[9]  1 where the room's slow mode holds for the sender, else 0
  ARGV[10] how many rooms the address begins at most within ARGV[11] milliseconds; 0 for any number. A room
           without messages is begun by the next one

  Returns the stored JSON; where the nonce was used before, that of the first message, and nothing is
  stored, published or counted. Where a limit is passed, { 'user' or 'slow mode' or 'address' or 'rooms', milliseconds
  until it will not be, the limit }, and nothing is stored, published or counted either.
]]
local list, slow_mode, user_log, address_log = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local rooms_log, nonce = KEYS[5], KEYS[6]
local body, limit = ARGV[1], tonumber(ARGV[2])
local ttl, nonce_ttl = tonumber(ARGV[3]), tonumber(ARGV[4])
local user_count, user_window = tonumber(ARGV[5]), tonumber(ARGV[6])
local address_count, address_window = tonumber(ARGV[7]), tonumber(ARGV[8])
local rooms_count, rooms_window = tonumber(ARGV[10]), tonumber(ARGV[11])

-- The milliseconds, sequence and id of a well-formed entry; nil for anything else. Fifteen digits are
-- exact in a Lua number.
local function parse(entry)
  local id, ms, seq = string.match(entry, '^{"id":"((%d+)%-(%d+))","prev":"[%d%-]+",.*}$')
  if not id or #ms > 15 or #seq > 15 or string.find(ms, '^0%d') or string.find(seq, '^0%d') then
    return nil
  end
  return tonumber(ms), tonumber(seq), id
end

if nonce then
  local first = redis.call('GET', nonce)
  if first then
    return first
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- The milliseconds until a log takes one more, with no more than `count` in any time of `window`.
local function wait_of(log, count, window)
  local oldest = count > 0 and tonumber(redis.call('LINDEX', log, count - 1))
  -- A time that is yet to come was written before the clock was set back: it says nothing.
  if not oldest or oldest > now then
    return 0
  end
  return math.max(oldest + window - now, 0)
end

-- Keeps as many times as the limit looks at, for as long as it looks at them.
local function count_in(log, count, window)
  redis.call('LPUSH', log, string.format('%.0f', now))
  redis.call('LTRIM', log, 0, count - 1)
  redis.call('PEXPIRE', log, string.format('%.0f', window))
end

-- All limits are looked at before one of them counts: what is refused uses up nothing.
local slow_seconds = ARGV[9] == '1' and tonumber(redis.call('GET', slow_mode)) or 0
local user_wait = wait_of(user_log, user_count, user_window)
if user_wait > 0 then
  return { 'user', user_wait, user_count }
end
local slow_wait = slow_seconds > 0 and wait_of(user_log, 1, slow_seconds * 1000) or 0
if slow_wait > 0 then
  return { 'slow mode', slow_wait, slow_seconds }
end
local address_wait = wait_of(address_log, address_count, address_window)
if address_wait > 0 then
  return { 'address', address_wait, address_count }
end
local begins_room = rooms_count > 0 and redis.call('EXISTS', list) == 0
local rooms_wait = begins_room and wait_of(rooms_log, rooms_count, rooms_window) or 0
if rooms_wait > 0 then
  return { 'rooms', rooms_wait, rooms_count }
end
if user_count > 0 or slow_seconds > 0 then
  count_in(user_log, math.max(user_count, 1), math.max(user_window, slow_seconds * 1000))
end
if address_count > 0 then
  count_in(address_log, address_count, address_window)
end
if begins_room then
  count_in(rooms_log, rooms_count, rooms_window)
end

-- The head is the newest well-formed entry: what was put there by hand and is no message is stepped over.
local ms, seq, prev = now, 0, '0'
local index = 0
local entry = redis.call('LINDEX', list, index)
while entry do
  local head_ms, head_seq, head_id = parse(entry)
  if head_id then
    prev = head_id
    -- Redis' clock may stand still within a millisecond, and may be set back: ids grow all the same.
    if head_ms >= now then
      ms, seq = head_ms, head_seq + 1
    end
    break
  end
  index = index + 1
  entry = redis.call('LINDEX', list, index)
end

local id = string.format('%.0f-%.0f', ms, seq)
local message = '{"id":"' .. id .. '","prev":"' .. prev .. '",' .. body

redis.call('LPUSH', list, message)
redis.call('LTRIM', list, 0, limit - 1)

-- The message just stored is young and well-formed: this ends there at the latest.
local function is_over(tail)
  local tail_ms = parse(tail)
  return not tail_ms or tail_ms < now - ttl
end
while is_over(redis.call('LINDEX', list, -1)) do
  redis.call('RPOP', list)
end
redis.call('PEXPIRE', list, string.format('%.0f', ttl))
if slow_seconds > 0 then
  redis.call('PEXPIRE', slow_mode, string.format('%.0f', ttl))
end

-- Before publishing, which access rules may refuse: a second try then finds the message that was stored.
if nonce then
  redis.call('SET', nonce, message, 'PX', string.format('%.0f', nonce_ttl))
end
redis.call('PUBLISH', list, message)
return message
