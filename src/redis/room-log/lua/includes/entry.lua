-- The milliseconds, sequence, id and prev of a well-formed entry; nil for anything else. Lua represents
-- numbers of up to fifteen digits exactly.
local function parse(entry)
  local id, ms, seq, prev = string.match(entry, '^{"id":"((%d+)%-(%d+))","prev":"([%d%-]+)",.*}$')
  if not id or #ms > 15 or #seq > 15 or string.find(ms, '^0%d') or string.find(seq, '^0%d') then
    return nil
  end
  return tonumber(ms), tonumber(seq), id, prev
end

-- The kind of a well-formed entry; nil for a message. JSON escapes quotes within strings, so a match can only
-- be a key. Decoding is needed only to tell whether it is a key of the entry itself.
local function kind_of(entry)
  if not string.find(entry, '"kind":', 1, true) then
    return nil
  end
  local is_json, value = pcall(cjson.decode, entry)
  return is_json and value.kind or nil
end

-- A cursor as two numbers. The beginning, '0', is less than every id.
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
