-- @include "../../../client/lua/includes/time"
-- @include "head"

-- Appends an entry to a room's log: assigns its id, keeps the room's hash and trims the list. Does not publish it.
-- `body` is its JSON without the opening brace, `id` and `prev`. `args` has `historyLimit`, `ttlMs`, `roomTtlMs` and
-- `epoch`, as described in append-7.lua. Returns the entry's JSON, its id, and whether the list was empty before.
local function append_entry(list, room, body, args, now)
  local limit, ttl = tonumber(args.historyLimit), tonumber(args.ttlMs)

  -- Ids must grow even if the clock is still in the same millisecond, or was set back.
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

  -- Versions without `last` begin every list with a `prev` of '0'. If such a list began after `last` was
  -- written, `last` is still the id of the last entry before the list, and so its true beginning.
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

  -- Whether the tail of the list has to be removed. The entry
  -- just stored is new and well-formed, so the loop ends.
  local function is_over(tail)
    local tail_ms = parse(tail)
    return not tail_ms or tail_ms < now - ttl
  end
  while is_over(redis.call('LINDEX', list, -1)) do
    redis.call('RPOP', list)
  end
  redis.call('PEXPIRE', list, integer(ttl))
  return entry, id, not newest
end
