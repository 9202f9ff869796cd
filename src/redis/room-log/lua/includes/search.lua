-- @include "entry"

-- Binary search in the entries of a list from index `from` (0 if it is not given) up to, but not including, `to`: the
-- index from which on `holds` is true for all well-formed entries. Before it, `holds` must be false for all of them.
-- Skips malformed entries.
local function boundary(list, to, holds, from)
  local low, high = from or 0, to
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

-- The index of the first entry that is not newer than a cursor, searched like `boundary`.
local function not_newer_than(list, to, cursor, from)
  local cursor_ms, cursor_seq = numbers_of(cursor)
  return boundary(list, to, function(ms, seq)
    return ms < cursor_ms or (ms == cursor_ms and seq <= cursor_seq)
  end, from)
end

-- The id, text, prev and index of the first well-formed entry from index `from` up to, but not including, `to`.
local function first_in(list, from, to)
  for index = from, to - 1 do
    local entry = redis.call('LINDEX', list, index)
    local ms, _, id, prev = parse(entry)
    if ms then
      return id, entry, prev, index
    end
  end
  return nil
end
