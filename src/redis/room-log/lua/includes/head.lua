-- @include "entry"

-- The id and prev of the first well-formed entry from an index on, in steps of 1 or -1; nil if there is none.
-- What was put there by hand and is not an entry is stepped over.
local function first_entry(list, index, step)
  local entry = redis.call('LINDEX', list, index)
  while entry do
    local ms, _, id, prev = parse(entry)
    if ms then
      return id, prev
    end
    index = index + step
    entry = redis.call('LINDEX', list, index)
  end
  return nil
end

-- What a room's hash says: its epoch ('' if unknown), and `last` and `began` (nil if unknown).
local function read_room(room)
  local fields = redis.call('HMGET', room, 'epoch', 'last', 'began')
  return fields[1] or '', fields[2] or nil, fields[3] or nil
end

-- The room's head: the greater of the list's newest entry and `last`. The list is behind once its entries
-- have expired; `last` is behind once a version without it has written.
local function head_of(newest, last)
  if newest and last then
    return is_newer(newest, last) and newest or last
  end
  return newest or last or '0'
end
