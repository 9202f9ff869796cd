-- @include "entry"

-- The id and prev of the first well-formed entry at or after an index, in steps of 1 or -1; nil if there is
-- none. Skips malformed entries, which someone added by hand.
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

-- The fields of a room's hash: epoch ('' if unknown), last and began (nil if unknown).
local function read_room(room)
  local fields = redis.call('HMGET', room, 'epoch', 'last', 'began')
  return fields[1] or '', fields[2] or nil, fields[3] or nil
end

-- The room's head: the list's newest entry or `last`, whichever is newer. The list is behind if its entries
-- have expired. `last` is behind if a version without it has written.
local function head_of(newest, last)
  if newest and last then
    return is_newer(newest, last) and newest or last
  end
  return newest or last or '0'
end
