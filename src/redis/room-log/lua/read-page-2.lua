--[[
  Reads a window of a room's log without reading the whole list, and how far the log goes.

  KEYS[1]  the room's list, newest at index 0: ids fall as indexes rise
  KEYS[2]  the room's hash

  ARGV[1]  a JSON object:
             after     the cursor just before the window; '0' for the beginning, '' for none
             exact     whether `after` has to be honoured exactly, or is a mere bound
             before    the cursor that ends the window, itself not in it; '' for none
             take      'first' or 'last': the end of the window from which entries are taken
             limit     how many are taken at most
             messages  whether messages alone are taken
             ttlMs     how long an entry is kept, in milliseconds: an older one counts as gone, though it is
                       trimmed only when the next one is stored

  Returns { 'expired' } if `after` cannot be honoured, otherwise
  { 'page', has older, has newer, stopped at, epoch, head, Redis' time in milliseconds, entry... }
  with the entries oldest first. Whether there are older and newer ones (messages alone, if those are asked
  for) is 1, 0, or 2 for not known. No call looks at more than 1,000 entries: one that ends before its limit
  and its window do says at which id it stopped, otherwise ''.
]]
-- @include "../../client/lua/includes/time"
-- @include "includes/head"
-- @include "includes/search"

local LOOKS = 1000

local list, room = KEYS[1], KEYS[2]
local args = cjson.decode(ARGV[1])
local after, before, limit = args.after, args.before, tonumber(args.limit)
local now = now_ms()
local oldest_ms = now - tonumber(args.ttlMs)
local epoch, last, began = read_room(room)
local head = head_of(first_entry(list, 0, 1), last)

-- Entries from `kept` on are older than they may be.
local kept = boundary(list, redis.call('LLEN', list), function(ms)
  return ms < oldest_ms
end)

-- The oldest kept entry, stepping over what is malformed.
local function oldest_kept()
  for index = kept - 1, 0, -1 do
    local ms, _, id, prev = parse(redis.call('LINDEX', list, index))
    if ms then
      return id, prev
    end
  end
  return nil
end

-- Whether nothing that came after the cursor is missing, though its entry is not kept.
local function joins_on(cursor)
  if cursor == head then
    return true
  end
  local oldest, prev = oldest_kept()
  if not oldest then
    return cursor == '0'
  end
  if cursor == prev or (cursor == '0' and prev == began) then
    return true
  end
  if prev ~= '0' then
    return false
  end
  -- A version without `last` began the list. What came before it is `last` or, once that has moved, `began`.
  if last and is_newer(oldest, last) then
    return cursor == last
  end
  return cursor == began and is_newer(oldest, cursor)
end

-- The window is [from, to): entries before `from` are too new for it, from `to` on too old.
local from, to = 0, kept
if after ~= '' then
  to = not_newer_than(list, kept, after)
  if args.exact and first_in(list, to, kept) ~= after and not joins_on(after) then
    return { 'expired' }
  end
end
if before ~= '' then
  local before_ms, before_seq = numbers_of(before)
  from = boundary(list, kept, function(ms, seq)
    return ms < before_ms or (ms == before_ms and seq < before_seq)
  end)
end

local looked, seen = 0, ''

-- Looks at entries from an index on, in steps of 1 or -1, up to but not including another, until `visit`
-- returns true or all looks are used up. Returns the index where it stopped. Reads few at first, then more.
local function look(index, stop, step, chunk, visit)
  while (stop - index) * step > 0 and looked < LOOKS do
    local size = math.min(chunk, (stop - index) * step, LOOKS - looked)
    local low = step > 0 and index or index - size + 1
    local entries = redis.call('LRANGE', list, low, low + size - 1)
    for number = 1, #entries do
      local entry = entries[step > 0 and number or #entries + 1 - number]
      local ms, _, id = parse(entry)
      index = index + step
      if ms then
        looked, seen = looked + 1, id
        if (not args.messages or not kind_of(entry)) and visit(entry) then
          return index
        end
      end
    end
    chunk = chunk * 2
  end
  return index
end

-- Whether anything lies from an index on: 1, 0, or 2 for not known.
local function is_any(index, stop, step)
  local found = 0
  index = look(index, stop, step, 1, function()
    found = 1
    return true
  end)
  return found == 0 and (stop - index) * step > 0 and 2 or found
end

local taken = {}
local function take(entry)
  taken[#taken + 1] = entry
  return #taken == limit
end

local stopped_at = ''
if limit > 0 then
  if args.take == 'last' then
    local position = look(from, to, 1, limit, take)
    stopped_at = #taken < limit and position < to and seen or ''
    to = math.max(position, from)
  else
    local position = look(to - 1, from - 1, -1, limit, take)
    stopped_at = #taken < limit and position >= from and seen or ''
    from = math.min(position + 1, to)
  end
elseif args.take == 'last' then
  to = from
else
  from = to
end

local reply = { 'page', is_any(to, kept, 1), is_any(from - 1, -1, -1), stopped_at, epoch, head, integer(now) }
for index = 1, #taken do
  reply[#reply + 1] = args.take == 'last' and taken[#taken + 1 - index] or taken[index]
end
return reply
