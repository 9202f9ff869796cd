-- The reply to a command that was called with pcall, or `fallback` if its key has the wrong type: someone made such a key
-- by hand, and the other keys of the call are fine. Any other error is thrown.
local function unless_wrong_type(reply, fallback)
  if type(reply) ~= 'table' or not reply.err then
    return reply
  elseif string.find(reply.err, '^WRONGTYPE') then
    return fallback
  end
  error(reply)
end
