--[[
  Reads a window of a room's messages, without reading the whole list.

  KEYS[1]  the room's list, newest at index 0: ids fall as indexes rise

  ARGV[1]  after: the id that comes just before the window, '0' for the beginning; '' for none
  ARGV[2]  before: the id that ends the window, itself not in it; '' for none
  ARGV[3]  'first' or 'last': the end of the window from which messages are taken
  ARGV[4]  how many are taken at most
  ARGV[5]  how long a message is kept, in milliseconds: an older one counts as gone, though it is trimmed
           only when the next message is stored

  Returns { expired, has older, has newer, entry... }: the first three 0 or 1, the entries oldest first.
  Expired is 1, and the rest empty, where `after` is neither kept nor the one just before the oldest kept.
]]
local list = KEYS[1]
local after, before, take = ARGV[1], ARGV[2], ARGV[3]
local limit, ttl = tonumber(ARGV[4]), tonumber(ARGV[5])

-- The milliseconds, sequence, id and prev of a well-formed entry; nil for anything else. Fifteen digits
-- are exact in a Lua number.
local function parse(entry)
  local id, ms, seq, prev = string.match(entry, '^{"id":"((%d+)%-(%d+))","prev":"([%d%-]+)",.*}$')
  if not id or #ms > 15 or #seq > 15 or string.find(ms, '^0%d') or string.find(seq, '^0%d') then
    return nil
  end
  return tonumber(ms), tonumber(seq), id, prev
end

local function at(index)
  return parse(redis.call('LINDEX', list, index))
end

-- A cursor as two numbers; '0', the beginning, lies below every id.
local function numbers_of(cursor)
  local ms, seq = string.match(cursor, '^(%d+)%-(%d+)$')
  if not ms then
    return 0, -1
  end
  return tonumber(ms), tonumber(seq)
end

-- The index that parts the first `count` entries in two: before it `holds` is false for all that are well
-- formed, from it on true. What is malformed is stepped over.
local function boundary(count, holds)
  local low, high = 0, count
  while low < high do
    local middle = math.floor((low + high) / 2)
    local index = middle
    local ms, seq = at(index)
    while not ms and index + 1 < high do
      index = index + 1
      ms, seq = at(index)
    end
    if ms and not holds(ms, seq) then
      low = index + 1
    else
      high = middle
    end
  end
  return low
end

-- The first well-formed entry from an index up to another, the latter not included; nil where there is none.
local function first_in(from, to)
  for index = from, to - 1 do
    local ms, _, id = at(index)
    if ms then
      return id
    end
  end
  return nil
end

local time = redis.call('TIME')
local oldest_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - ttl

-- Entries from `kept` on are older than they may be.
local kept = boundary(redis.call('LLEN', list), function(ms)
  return ms < oldest_ms
end)

-- The window is [from, to): entries before `from` are too new for it, from `to` on too old.
local from, to = 0, kept
if after ~= '' then
  local after_ms, after_seq = numbers_of(after)
  to = boundary(kept, function(ms, seq)
    return ms < after_ms or (ms == after_ms and seq <= after_seq)
  end)
  if first_in(to, kept) ~= after then
    -- Not kept. Nothing is missed only where it is what came just before all that is kept.
    local before_kept = '0'
    for index = kept - 1, 0, -1 do
      local ms, _, _, prev = at(index)
      if ms then
        before_kept = prev
        break
      end
    end
    if before_kept ~= after then
      return { 1, 0, 0 }
    end
  end
end
if before ~= '' then
  local before_ms, before_seq = numbers_of(before)
  from = boundary(kept, function(ms, seq)
    return ms < before_ms or (ms == before_ms and seq < before_seq)
  end)
end

-- Takes from one end; each read asks for as many as are still missing, so that it never reads too far.
local taken = {}
if take == 'last' then
  local position = from
  while position < to and #taken < limit do
    local stop = math.min(position + limit - #taken, to)
    for _, entry in ipairs(redis.call('LRANGE', list, position, stop - 1)) do
      if parse(entry) then
        taken[#taken + 1] = entry
      end
    end
    position = stop
  end
  to = math.max(position, from)
else
  local position = to
  while position > from and #taken < limit do
    local start = math.max(position - limit + #taken, from)
    local entries = redis.call('LRANGE', list, start, position - 1)
    for index = #entries, 1, -1 do
      if parse(entries[index]) then
        taken[#taken + 1] = entries[index]
      end
    end
    position = start
  end
  from = math.min(position, to)
end

local reply = { 0, first_in(to, kept) and 1 or 0, first_in(0, from) and 1 or 0 }
for index = 1, #taken do
  reply[3 + index] = take == 'last' and taken[#taken + 1 - index] or taken[index]
end
return reply
