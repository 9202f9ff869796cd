--[[
  Reads a session, and prolongs it where a good part of its time is gone.

  KEYS[1]  the session's key

  ARGV[1]  how long it lasts without being used, in milliseconds
  ARGV[2]  it is prolonged where less than this is left: not at each use, so that most only read

  Returns { user id, name, roles }; nothing where there is no such session.
]]
local session = redis.call('HMGET', KEYS[1], 'user', 'name', 'roles')
if not session[1] then
  return nil
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return session
