import { ChatError, serviceUnavailable } from '#domain/errors.js';

/**
 * Error codes of a Redis that is reachable but cannot serve: it is loading, is a replica, is full, is failing
 * over, or denies access because of a password or an ACL.
 */
const CANNOT_SERVE = new Set(
  (
    'LOADING READONLY OOM MASTERDOWN NOAUTH NOPERM WRONGPASS BUSY MISCONF NOREPLICAS CLUSTERDOWN ' +
    'TRYAGAIN MOVED ASK UNBLOCKED'
  ).split(' '),
);

/** Messages of ioredis for a connection that is down, was lost, or did not answer in time. */
const CLIENT_CANNOT_REACH =
  /^(Command timed out|Connection is closed|Stream isn't writeable|Socket timeout|Socket closed|connect ETIMEDOUT|Command aborted|Reached the max retries per request)/;

/**
 * The server is of another kind than the settings say: a Cluster in REDIS_URL, or a single server in
 * REDIS_CLUSTER_NODES. The message says what to set.
 */
export class RedisModeError extends Error {
  override readonly name = 'RedisModeError';
}

/** The shard that a key needs is not known, or nobody has its slot. Nothing was sent. */
export class ShardAwayError extends Error {
  override readonly name = 'ShardAwayError';
}

/** Whether Redis replied with an error, as opposed to a connection failure. */
export function isReply(error: Error): boolean {
  return error.name === 'ReplyError';
}

/** Whether Redis does not know a script, because it restarted or its scripts were flushed. */
export function isNoScript(error: unknown): boolean {
  return error instanceof Error && isReply(error) && error.message.startsWith('NOSCRIPT');
}

/** Replies of a shard that cannot serve a slot now: it moves, nobody has it, or a failover is under way. */
const SHARD_AWAY = new Set(['CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK', 'MASTERDOWN', 'LOADING', 'READONLY']);

/**
 * Whether a key cannot be served now because of the state of its shard, although nothing is wrong with the command or
 * the connection. This ends by itself, when the slot has moved or a replica was promoted.
 */
export function isShardAway(error: unknown): boolean {
  if (error instanceof ShardAwayError) return true;
  return error instanceof Error && isReply(error) && SHARD_AWAY.has(codeOf(error.message));
}

/**
 * The reply to a command on one key, or `fallback()` if the key has the wrong type. Someone created such a
 * key by hand. It may break its own room, but not the other rooms in the same batch.
 */
export async function unlessWrongType<T>(reply: Promise<T>, fallback: () => T): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof Error && isReply(error) && error.message.startsWith('WRONGTYPE')) return fallback();
    throw error;
  }
}

/**
 * Turns an error of Redis into the one to throw. If Redis is unreachable or
 * cannot serve, that is SERVICE_UNAVAILABLE with `message` and the original
 * error as its cause. Any other error is a bug and is returned unchanged.
 */
export function asUnavailable(message: string, error: unknown): unknown {
  if (error instanceof ChatError || !isUnavailable(error)) return error;
  return serviceUnavailable(message, error);
}

/** Runs a call to Redis and throws its errors as `asUnavailable` converts them. */
export async function orUnavailable<T>(message: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asUnavailable(message, error);
  }
}

/**
 * Collects answers about many rooms, or other things that may be on several shards. An answer whose shard is away becomes
 * SERVICE_UNAVAILABLE. Throws other errors unchanged.
 */
export async function eachOrUnavailable<T>(
  message: string,
  answers: readonly (T | Promise<T>)[],
): Promise<(T | ChatError)[]> {
  try {
    return await Promise.all(answers);
  } catch {
    const settled = await Promise.allSettled(answers);
    return settled.map((result) => {
      if (result.status === 'fulfilled') return result.value;
      const error = asUnavailable(message, result.reason);
      if (error instanceof ChatError) return error;
      throw error;
    });
  }
}

/** Returns the answers. If all of them are errors, Redis as a whole is away: throws the first one. */
export function unlessAllAway<T>(answers: (T | ChatError)[]): (T | ChatError)[] {
  const [first] = answers;
  if (first instanceof ChatError && answers.every((answer) => answer instanceof ChatError)) throw first;
  return answers;
}

/** Whether the server of a key cannot be reached, or will serve it soon. Any other reply needs the operator. */
export function isAway(error: unknown): boolean {
  return isShardAway(error) || (error instanceof Error && !isReply(error) && isUnavailable(error));
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ShardAwayError) return true;
  if (isReply(error))
    return CANNOT_SERVE.has(codeOf(error.message)) || error.message.includes('max number of clients');
  return 'syscall' in error || error.name === 'AggregateError' || CLIENT_CANNOT_REACH.test(error.message);
}

// Some replies have no code of their own. Older versions wrap the error of a command inside a script: Redis 6 replies
// "ERR Error running script (...): -OOM ...", and Redis 7.0 replies "ERR The user executing the script can't ..." instead of NOPERM.
function codeOf(message: string): string {
  if (message.startsWith("ERR The user executing the script can't")) return 'NOPERM';
  // A primary became a replica between a script and its WAIT.
  if (message.startsWith('ERR WAIT cannot be used with replica')) return 'READONLY';
  return /^ERR Error running script.*?: -?([A-Z]+) /.exec(message)?.[1] ?? message.split(' ', 1)[0] ?? '';
}
