--[[
  Stores a new session with its expiry.

  KEYS[1]  the session's key

  ARGV[1]  the user's id
  ARGV[2]  the user's name
  ARGV[3]  the roles, separated by spaces
  ARGV[4]  the lifetime of an unused session, in milliseconds

  Returns 1.
]]
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'name', ARGV[2], 'roles', ARGV[3])
return redis.call('PEXPIRE', KEYS[1], ARGV[4])
