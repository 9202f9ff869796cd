--[[
  Reads a session. Extends it only if less than a given time is left, so that most calls do not write.

  KEYS[1]  the session's key

  ARGV[1]  the lifetime of an unused session, in milliseconds
  ARGV[2]  extend the session if less than this is left, in milliseconds

  Returns { user id, name, roles }, or nil if there is no such session.
]]
local session = redis.call('HMGET', KEYS[1], 'user', 'name', 'roles')
if not session[1] then
  return nil
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return session
