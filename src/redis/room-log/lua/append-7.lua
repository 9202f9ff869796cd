--[[
  Checks the sender's limits, assigns the entry its id, stores it and publishes it, all in one step.

  KEYS[1]  the room's list, newest first
  KEYS[2]  the room's hash: `epoch` changes if the room lost its data; `last` is the newest id; `began` is the
           `prev` of the list's first entry. Only this script and retract-2.lua write it.
  KEYS[3]  the room's slow mode: seconds between two messages of a user. Missing if it is off.
  KEYS[4]  the user's log: when their newest messages in this room were sent, newest first
  KEYS[5]  the address's log: when the newest messages from it were sent, newest first
  KEYS[6]  the address's log of new rooms: when its newest rooms were opened, newest first
  KEYS[7]  the nonce's result: the id of the entry, or the whole entry if an older version wrote it. Unused without
           a nonce.

  ARGV[1]  a JSON object:
             historyLimit   how many entries the room keeps
             ttlMs          how long an entry is kept, in milliseconds
             roomTtlMs      how long the hash is kept after the newest entry, in milliseconds
             epoch          a unique text, which becomes the room's epoch if it has none yet
             nonceTtlMs     how long the nonce is remembered, in milliseconds; 0 without a nonce
             user, address, rooms  the limits: { count, windowMs }. A count of 0 means no limit. `rooms` limits
                            sends into rooms without entries
             obeysSlowMode  whether the room's slow mode applies to the sender
             replicated     whether WAIT follows, so that a repeated nonce must write something to wait for
             publish        PUBLISH, or SPUBLISH in a Cluster
             channel        the channel to publish on
  ARGV[2]  the entry's JSON without its opening brace, `id` and `prev`. It is stored byte for byte.

  Returns one of
    { 'stored', entry, begins }: the JSON of the new entry, or of the first one with the same nonce. `begins` is 1
      if the list was empty before, and for a repeated nonce, because the first reply may have been lost; else 0
    { 'gone' }: the entry with this nonce was retracted
    { 'user' or 'slow mode' or 'address' or 'rooms', milliseconds to wait, the limit }: nothing was stored or counted
]]
-- @include "../../limits/lua/includes/sliding-limit"
-- @include "includes/append-entry"
-- @include "includes/search"

local list, room, slow_mode, user_log, address_log, rooms_log, nonce = unpack(KEYS)
local args, body = cjson.decode(ARGV[1]), ARGV[2]
local nonce_ttl = tonumber(args.nonceTtlMs)
local user_count, user_window = tonumber(args.user.count), tonumber(args.user.windowMs)
local address_count, address_window = tonumber(args.address.count), tonumber(args.address.windowMs)
local rooms_count, rooms_window = tonumber(args.rooms.count), tonumber(args.rooms.windowMs)

-- The reply to a repeated nonce. If only the id is known and the entry was trimmed, rebuilds the entry from
-- this request, which has the same body as the first one.
local function repeat_reply(made)
  local _, _, id = parse(made)
  id = id or made
  local length = redis.call('LLEN', list)
  local found, entry = first_in(list, not_newer_than(list, length, id), length)
  if found == id and kind_of(entry) == 'gone' then
    return { 'gone' }
  elseif id ~= made then
    return { 'stored', made, 1 }
  elseif found == id then
    return { 'stored', entry, 1 }
  end
  return { 'stored', '{"id":"' .. id .. '","prev":"0",' .. body, 1 }
end

-- Since Redis 7.2, WAIT waits only for what its own connection wrote, but another one may have written the entry. So
-- write something that changes nothing: once that is on a replica, everything before it is, too. PEXPIRE is sent to
-- replicas even if the expiry stays the same.
local function write_again()
  local left = redis.call('PTTL', nonce)
  redis.call('PEXPIRE', nonce, left > 0 and left or integer(nonce_ttl))
end

if nonce_ttl > 0 then
  local made = redis.call('GET', nonce)
  if made then
    if args.replicated then
      write_again()
    end
    return repeat_reply(made)
  end
end

-- Check all limits before counting, so that a refused send uses up no limit.
local now = now_ms()
local slow_seconds = args.obeysSlowMode and tonumber(redis.call('GET', slow_mode)) or 0
local user_wait = wait_of(user_log, user_count, user_window, now)
if user_wait > 0 then
  return { 'user', user_wait, user_count }
end
local slow_wait = slow_seconds > 0 and wait_of(user_log, 1, slow_seconds * 1000, now) or 0
if slow_wait > 0 then
  return { 'slow mode', slow_wait, slow_seconds }
end
local address_wait = wait_of(address_log, address_count, address_window, now)
if address_wait > 0 then
  return { 'address', address_wait, address_count }
end
local begins_room = rooms_count > 0 and redis.call('EXISTS', list) == 0
local rooms_wait = begins_room and wait_of(rooms_log, rooms_count, rooms_window, now) or 0
if rooms_wait > 0 then
  return { 'rooms', rooms_wait, rooms_count }
end
if user_count > 0 or slow_seconds > 0 then
  count_in(user_log, math.max(user_count, 1), math.max(user_window, slow_seconds * 1000), now)
end
if address_count > 0 then
  count_in(address_log, address_count, address_window, now)
end
if begins_room then
  count_in(rooms_log, rooms_count, rooms_window, now)
end

local entry, id, begins = append_entry(list, room, body, args, now)
if slow_seconds > 0 then
  redis.call('PEXPIRE', slow_mode, integer(tonumber(args.ttlMs)))
end

-- Store the nonce before publishing, which an ACL may forbid. A retry then finds the stored entry. Only the id is
-- kept, so that the text of a message is in one place, where a retraction removes it.
if nonce_ttl > 0 then
  redis.call('SET', nonce, id, 'PX', integer(nonce_ttl))
end
redis.call(args.publish, args.channel, entry)
return { 'stored', entry, begins and 1 or 0 }
