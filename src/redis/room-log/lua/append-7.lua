--[[
  Checks an entry against its sender's limits, gives it its id, stores it and publishes it, all in one step.

  KEYS[1]  the room's list, newest first
  KEYS[2]  the room's hash: `epoch` tells the room's data from what it was before a loss; `last` is the newest
           id; `began` is the `prev` of the list's first entry. Only this script writes it.
  KEYS[3]  the room's slow mode: seconds between two messages of a user; absent for none
  KEYS[4]  the user's log: when their newest messages in this room were sent, newest first
  KEYS[5]  the address's log: the same for all messages from there
  KEYS[6]  the address's log of new rooms: when its newest rooms were begun, newest first
  KEYS[7]  what the nonce made: the stored entry or, written by a later version, its id; not used without one

  ARGV[1]  a JSON object:
             historyLimit   how many entries the room keeps
             ttlMs          how long an entry is kept, in milliseconds
             roomTtlMs      how long the hash is kept after the newest entry, in milliseconds
             epoch          the room's epoch if it has none yet: a text that no other room or time has
             nonceTtlMs     how long the nonce is remembered, in milliseconds; 0 without a nonce
             user, address, rooms  the limits of each: { count, windowMs }; a count of 0 is no limit. A send into
                            a room without entries begins it
             obeysSlowMode  whether the room's slow mode applies to the sender
             publish        PUBLISH, or SPUBLISH in a Cluster
             channel        the channel to publish on
  ARGV[2]  the entry's JSON without its opening brace and without id and prev; it is stored byte for byte

  Returns one of
    { 'stored', the stored JSON }: new, or what the nonce made before; then nothing is stored or published
    { 'gone' }: what the nonce made was removed
    { 'user' or 'slow mode' or 'address' or 'rooms', milliseconds to wait, the limit }: nothing is stored or counted
]]
-- @include "../../limits/lua/includes/sliding-limit"
-- @include "includes/head"
-- @include "includes/search"

local list, room, slow_mode, user_log, address_log, rooms_log, nonce = unpack(KEYS)
local args, body = cjson.decode(ARGV[1]), ARGV[2]
local limit, ttl = tonumber(args.historyLimit), tonumber(args.ttlMs)
local nonce_ttl = tonumber(args.nonceTtlMs)
local user_count, user_window = tonumber(args.user.count), tonumber(args.user.windowMs)
local address_count, address_window = tonumber(args.address.count), tonumber(args.address.windowMs)
local rooms_count, rooms_window = tonumber(args.rooms.count), tonumber(args.rooms.windowMs)

-- Answers a repeated nonce. Only its id may be known, and its entry may be trimmed: then the request is the
-- same as the first, but for the id.
local function answer_again(made)
  local _, _, id = parse(made)
  id = id or made
  local length = redis.call('LLEN', list)
  local found, entry = first_in(list, not_newer_than(list, length, id), length)
  if found == id and kind_of(entry) == 'gone' then
    return { 'gone' }
  elseif id ~= made then
    return { 'stored', made }
  elseif found == id then
    return { 'stored', entry }
  end
  return { 'stored', '{"id":"' .. id .. '","prev":"0",' .. body }
end

if nonce_ttl > 0 then
  local made = redis.call('GET', nonce)
  if made then
    return answer_again(made)
  end
end

-- All limits are checked before any of them counts: what is refused uses up nothing.
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

-- Redis' clock may stand still within a millisecond, and may be set back: ids grow all the same.
local epoch, last = read_room(room)
local newest = first_entry(list, 0, 1)
local prev = head_of(newest, last)
local prev_ms, prev_seq = numbers_of(prev)
local ms, seq = now, 0
if prev_ms >= now then
  ms, seq = prev_ms, prev_seq + 1
end
local id = integer(ms) .. '-' .. integer(seq)
local entry = '{"id":"' .. id .. '","prev":"' .. prev .. '",' .. body

-- A list that the version before `last` began with a `prev` of '0' began after `last`, while that still
-- stands for the last entry before the list.
local fields = { 'last', id }
local began = not newest and prev or nil
if newest and last and is_newer(newest, last) then
  local oldest, oldest_prev = first_entry(list, -1, -1)
  began = oldest_prev == '0' and is_newer(oldest, last) and last or nil
end
if began then
  fields[#fields + 1] = 'began'
  fields[#fields + 1] = began
end
if epoch == '' then
  fields[#fields + 1] = 'epoch'
  fields[#fields + 1] = args.epoch
end
redis.call('HSET', room, unpack(fields))
redis.call('PEXPIRE', room, integer(tonumber(args.roomTtlMs)))

redis.call('LPUSH', list, entry)
redis.call('LTRIM', list, 0, limit - 1)

-- The entry just stored is young and well-formed: this ends there at the latest.
local function is_over(tail)
  local tail_ms = parse(tail)
  return not tail_ms or tail_ms < now - ttl
end
while is_over(redis.call('LINDEX', list, -1)) do
  redis.call('RPOP', list)
end
redis.call('PEXPIRE', list, integer(ttl))
if slow_seconds > 0 then
  redis.call('PEXPIRE', slow_mode, integer(ttl))
end

-- Before publishing, which access rules may refuse: a second try then finds the entry that was stored.
if nonce_ttl > 0 then
  redis.call('SET', nonce, entry, 'PX', integer(nonce_ttl))
end
redis.call(args.publish, args.channel, entry)
return { 'stored', entry }
