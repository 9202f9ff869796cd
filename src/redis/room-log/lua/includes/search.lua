-- @include "entry"

-- Binary search in the first `count` entries of a list: the index from which on `holds` is true for all
-- well-formed entries. Before it, `holds` must be false for all of them. Skips malformed entries.
local function boundary(list, count, holds)
  local low, high = 0, count
  while low < high do
    local middle = math.floor((low + high) / 2)
    local index = middle
    local ms, seq = parse(redis.call('LINDEX', list, index))
    while not ms and index + 1 < high do
      index = index + 1
      ms, seq = parse(redis.call('LINDEX', list, index))
    end
    if ms and not holds(ms, seq) then
      low = index + 1
    else
      high = middle
    end
  end
  return low
end

-- The index of the first entry that is not newer than a cursor.
local function not_newer_than(list, count, cursor)
  local cursor_ms, cursor_seq = numbers_of(cursor)
  return boundary(list, count, function(ms, seq)
    return ms < cursor_ms or (ms == cursor_ms and seq <= cursor_seq)
  end)
end

-- The id, text and prev of the first well-formed entry from index `from` up to, but not including, `to`.
local function first_in(list, from, to)
  for index = from, to - 1 do
    local entry = redis.call('LINDEX', list, index)
    local ms, _, id, prev = parse(entry)
    if ms then
      return id, entry, prev
    end
  end
  return nil
end
