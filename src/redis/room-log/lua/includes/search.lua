-- @include "entry"

-- The index that divides the first `count` entries of a list in two: before it `holds` is false for all
-- well-formed entries, from it on true. What is malformed is stepped over.
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

-- The id, text and prev of the first well-formed entry from one index up to another, the latter not included.
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
