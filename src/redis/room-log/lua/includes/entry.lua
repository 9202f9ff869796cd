-- The milliseconds, sequence, id and prev of a well-formed entry; nil for anything else. Fifteen digits are
-- exact in a Lua number.
local function parse(entry)
  local id, ms, seq, prev = string.match(entry, '^{"id":"((%d+)%-(%d+))","prev":"([%d%-]+)",.*}$')
  if not id or #ms > 15 or #seq > 15 or string.find(ms, '^0%d') or string.find(seq, '^0%d') then
    return nil
  end
  return tonumber(ms), tonumber(seq), id, prev
end

-- What kind of entry a well-formed entry is; nil for a message. Within a JSON string a quote is escaped, so
-- the text searched for can only be a key; decoding then tells at which depth.
local function kind_of(entry)
  if not string.find(entry, '"kind":', 1, true) then
    return nil
  end
  local is_json, value = pcall(cjson.decode, entry)
  return is_json and value.kind or nil
end

-- A cursor as two numbers. '0', the beginning, lies below every id.
local function numbers_of(cursor)
  local ms, seq = string.match(cursor, '^(%d+)%-(%d+)$')
  if not ms then
    return 0, -1
  end
  return tonumber(ms), tonumber(seq)
end

-- Whether one cursor is newer than another.
local function is_newer(a, b)
  local a_ms, a_seq = numbers_of(a)
  local b_ms, b_seq = numbers_of(b)
  return a_ms > b_ms or (a_ms == b_ms and a_seq > b_seq)
end
