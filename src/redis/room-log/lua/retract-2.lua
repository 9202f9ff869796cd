--[[
  Retracts messages: replaces each by a tombstone, appends one entry that names them and publishes it, all in one step.
  Messages that are retracted already stay as they are, so the call may be repeated. Appends nothing if there is nothing
  to retract.

  KEYS[1]  the room's list, newest first
  KEYS[2]  the room's hash; see append-7.lua

  ARGV[1]  a JSON object:
             ids            the ids of the messages, newest first, without duplicates
             author         if given, the messages must be of the user with this id
             withinMs       if given, the messages must be younger than this, in milliseconds
             sparesAllBut   if given, messages with a `role` must be of the user with this id
             historyLimit, ttlMs, roomTtlMs, epoch, replicated, publish, channel  as in append-7.lua

  Returns one of
    { 'retracted', ids, missing, written, entry }: the ids that are retracted now, those of no message in the list, and
      for each message that this call retracted and that was sent with a nonce: its id, author's id and nonce. `entry` is
      the id of the new entry; '' if there is none
    { 'author' or 'age' or 'role', id }: the message that may not be retracted, and why. Nothing was retracted

  The ids are searched from the middle one outwards, each in the part of the list that the others leave. For fifty ids
  in a list of a million, that looks at fewer than a thousand entries.
]]
-- @include "../../client/lua/includes/time"
-- @include "includes/append-entry"
-- @include "includes/search"

local list, room = KEYS[1], KEYS[2]
local args = cjson.decode(ARGV[1])
local ids = args.ids
local now = now_ms()

-- The messages and tombstones with these ids, by id: { index, prev, message }. A tombstone has no `message`. Entries of
-- other kinds are not found, and neither is malformed text.
local found = {}
local function find(first, last, from, to)
  if first > last then
    return
  end
  local middle = math.floor((first + last) / 2)
  local id = ids[middle]
  local boundary_index = not_newer_than(list, to, id, from)
  local entry_id, entry, prev, index = first_in(list, boundary_index, to)
  if entry_id == id then
    local is_json, value = pcall(cjson.decode, entry)
    if is_json and (value.kind == 'gone' or (not value.kind and type(value.author) == 'table')) then
      found[id] = { index = index, prev = prev, message = not value.kind and value or nil }
    end
  end
  find(first, middle - 1, from, boundary_index)
  find(middle + 1, last, boundary_index, to)
end
find(1, #ids, 0, redis.call('LLEN', list))

-- Why a message may not be retracted; nil if it may.
local function refusal_of(message)
  local author = message.author.id
  if args.author and author ~= args.author then
    return 'author'
  elseif args.withinMs and numbers_of(message.id) < now - tonumber(args.withinMs) then
    return 'age'
  elseif args.sparesAllBut and message.role and author ~= args.sparesAllBut then
    return 'role'
  end
  return nil
end

-- Check all messages before changing any.
for _, id in ipairs(ids) do
  local entry = found[id]
  local refusal = entry and entry.message and refusal_of(entry.message)
  if refusal then
    return { refusal, id }
  end
end

local retracted, missing, written, named = {}, {}, {}, {}
for position = #ids, 1, -1 do
  local id = ids[position]
  local entry = found[id]
  if not entry then
    missing[#missing + 1] = id
  else
    retracted[#retracted + 1] = id
    if entry.message then
      redis.call('LSET', list, entry.index, '{"id":"' .. id .. '","prev":"' .. entry.prev .. '","kind":"gone"}')
      named[#named + 1] = '"' .. id .. '"'
      if entry.message.nonce then
        written[#written + 1] = { id, entry.message.author.id, entry.message.nonce }
      end
    end
  end
end

local entry_id = ''
if #named > 0 then
  local body = '"kind":"retracted","ids":[' .. table.concat(named, ',') .. ']}'
  local entry
  entry, entry_id = append_entry(list, room, body, args, now)
  redis.call(args.publish, args.channel, entry)
elseif args.replicated and #retracted > 0 then
  -- WAIT waits only for what its own connection wrote; see append-7.lua. So write something that changes nothing. A list
  -- that was restored without an expiry gets the usual one.
  local left = redis.call('PTTL', list)
  redis.call('PEXPIRE', list, left > 0 and left or integer(tonumber(args.ttlMs)))
end
return { 'retracted', retracted, missing, written, entry_id }
