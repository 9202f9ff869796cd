import { isReply } from '#redis/client/errors.js';

/**
 * Says in one sentence why a Sentinel cannot be used, and which variable to change if that would help. `sentinel` is
 * its address as text, `name` that of the primary. The original error is left out: it holds the command, which may be the
 * login with the password.
 */
export function explainSentinelError(error: Error, sentinel: string, name: string): Error {
  return new Error(reasonFor(error, sentinel, name));
}

function reasonFor(error: Error, sentinel: string, name: string): string {
  const { message } = error;
  if (!isReply(error)) {
    return `The Sentinel at ${sentinel} cannot be reached (${message || error.name}). Check REDIS_SENTINELS and REDIS_TLS.`;
  }
  if (/^ERR unknown command ['`]sentinel/i.test(message)) {
    return `The server at ${sentinel} is a Redis and not a Sentinel. Set REDIS_SENTINELS to the Sentinels, whose port is usually 26379.`;
  }
  if (message.startsWith('ERR No such master')) {
    return `The Sentinel at ${sentinel} does not know "${name}". Set REDIS_SENTINEL_NAME to the name in its "sentinel monitor".`;
  }
  if (/^(NOAUTH|WRONGPASS|ERR AUTH|ERR invalid password)/.test(message)) {
    return `The Sentinel at ${sentinel} refuses the login (${message}). Set REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD.`;
  }
  if (message.startsWith('NOPERM')) {
    return `The Sentinel at ${sentinel} denies a command (${message}). Give the user of REDIS_SENTINEL_USERNAME the rules in docs/scaling.md.`;
  }
  return `The Sentinel at ${sentinel} answers with an error: ${message}`;
}
