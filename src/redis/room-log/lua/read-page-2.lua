--[[
  Reads a window of a room's log and the log's head, without reading the whole list.

  KEYS[1]  the room's list, newest at index 0, so ids decrease as indexes increase
  KEYS[2]  the room's hash

  ARGV[1]  a JSON object:
             after     the cursor just before the window; '0' for the beginning, '' for no bound
             exact     whether to check that no entry after `after` is missing
             before    the cursor that ends the window, exclusive; '' for no bound
             take      'first' or 'last': the end of the window to take entries from
             limit     how many entries to take
             messages  whether to take only messages
             ttlMs     how long an entry is kept, in milliseconds. Older entries are ignored, although they are
                       removed only when the next one is stored
             known     if given, what the caller knows of the log: its `epoch`, an id `head` that it has, and the
                       time `now` by the clock of the primary, in milliseconds. For a replica, which may be
                       behind, or have lost what its primary has, or have another clock

  Returns { 'behind' } if `known` is given and this log lacks what the caller or its cursors know of;
  { 'expired' } if `exact` is set and entries after `after` may be missing, otherwise
  { 'page', has older, has newer, stopped at, epoch, head, Redis' time in milliseconds, entry... }
  with the entries oldest first. `has older` and `has newer` are 1 for yes, 0 for no and 2 for unknown; they refer
  to messages if only messages are taken. A call examines at most 1,000 entries. If it stops because of that,
  `stopped at` is the id of the last one, otherwise ''.
]]
-- @include "../../client/lua/includes/time"
-- @include "includes/head"
-- @include "includes/search"

local MAX_EXAMINED = 1000

local list, room = KEYS[1], KEYS[2]
local args = cjson.decode(ARGV[1])
local after, before, limit = args.after, args.before, tonumber(args.limit)
local known = args.known
local now = known and tonumber(known.now) or now_ms()
local oldest_ms = now - tonumber(args.ttlMs)
local epoch, last, began = read_room(room)
local newest = first_entry(list, 0, 1)
local head = head_of(newest, last)

-- Entries from index `kept` on are older than `ttlMs`.
local kept = boundary(list, redis.call('LLEN', list), function(ms)
  return ms < oldest_ms
end)

-- The id and prev of the oldest kept entry. Skips malformed entries.
local function oldest_kept()
  for index = kept - 1, 0, -1 do
    local ms, _, id, prev = parse(redis.call('LINDEX', list, index))
    if ms then
      return id, prev
    end
  end
  return nil
end

-- Whether the log has this id. Only the id of an entry that is no longer kept may be missing in the list.
local function has(id)
  if id == newest or first_in(list, not_newer_than(list, kept, id), kept) == id then
    return true
  end
  return id == head and numbers_of(id) < oldest_ms
end

if known then
  local is_behind = epoch ~= known.epoch or not has(known.head)
  if is_behind or is_newer(after, head) or is_newer(before, head) then
    return { 'behind' }
  end
end

-- Whether no entry after the cursor is missing, although the cursor's own entry is not kept.
local function is_complete_after(cursor)
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
  -- A version without `last` began the list. The last id
  -- before it is `last` or, if that has moved on, `began`.
  if last and is_newer(oldest, last) then
    return cursor == last
  end
  return cursor == began and is_newer(oldest, cursor)
end

-- The window is [from, to): entries before `from` are too new for it, and entries from `to` on are too old.
local from, to = 0, kept
if after ~= '' then
  to = not_newer_than(list, kept, after)
  if args.exact and first_in(list, to, kept) ~= after and not is_complete_after(after) then
    return { 'expired' }
  end
end
if before ~= '' then
  local before_ms, before_seq = numbers_of(before)
  from = boundary(list, kept, function(ms, seq)
    return ms < before_ms or (ms == before_ms and seq < before_seq)
  end)
end

local examined, seen = 0, ''

-- Examines entries from `index` up to, but not including, `stop`, in steps
-- of 1 or -1, until `visit` returns true or MAX_EXAMINED is reached. Reads
-- `chunk` entries first, then twice as many each time. Returns the index at
-- which it stopped.
local function examine(index, stop, step, chunk, visit)
  while (stop - index) * step > 0 and examined < MAX_EXAMINED do
    local size = math.min(chunk, (stop - index) * step, MAX_EXAMINED - examined)
    local low = step > 0 and index or index - size + 1
    local entries = redis.call('LRANGE', list, low, low + size - 1)
    for number = 1, #entries do
      local entry = entries[step > 0 and number or #entries + 1 - number]
      local ms, _, id = parse(entry)
      index = index + step
      if ms then
        examined, seen = examined + 1, id
        if (not args.messages or not kind_of(entry)) and visit(entry) then
          return index
        end
      end
    end
    chunk = chunk * 2
  end
  return index
end

-- Whether there is an entry to take between two indexes: 1 for yes, 0 for no, 2 for unknown.
local function is_any(index, stop, step)
  local found = 0
  index = examine(index, stop, step, 1, function()
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
    local position = examine(from, to, 1, limit, take)
    stopped_at = #taken < limit and position < to and seen or ''
    to = math.max(position, from)
  else
    local position = examine(to - 1, from - 1, -1, limit, take)
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
