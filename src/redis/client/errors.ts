import { ChatError, serviceUnavailable } from '#domain/errors.js';

/**
 * What a Redis that can be reached answers while it cannot do its work: it loads, is a replica, is full,
 * is being failed over, or its access rules or password do not let us in.
 */
const CANNOT_SERVE = new Set(
  (
    'LOADING READONLY OOM MASTERDOWN NOAUTH NOPERM WRONGPASS BUSY MISCONF NOREPLICAS CLUSTERDOWN ' +
    'TRYAGAIN MOVED ASK UNBLOCKED'
  ).split(' '),
);

/** The client's own words for a connection that is away, was lost, or gave no answer in time. */
const CLIENT_CANNOT_REACH =
  /^(Command timed out|Connection is closed|Stream isn't writeable|Socket timeout|Socket closed|connect ETIMEDOUT|Command aborted|Reached the max retries per request)/;

/** Whether Redis itself answered with an error, rather than the connection having failed. */
export function isReply(error: Error): boolean {
  return error.name === 'ReplyError';
}

/** Whether a script is unknown to Redis: it was restarted, or its scripts were flushed. */
export function isNoScript(error: unknown): boolean {
  return error instanceof Error && isReply(error) && error.message.startsWith('NOSCRIPT');
}

/**
 * What a question about one key gives; `otherwise` where the key holds another type than it should. Such a
 * key was put there by hand, and may spoil its own room, not those that are asked about together with it.
 */
export async function unlessWrongType<T>(answer: Promise<T>, otherwise: () => T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && isReply(error) && error.message.startsWith('WRONGTYPE')) return otherwise();
    throw error;
  }
}

/**
 * The error to throw on: SERVICE_UNAVAILABLE, with `what` as its message and the error as its cause, where
 * Redis cannot be reached or cannot serve; otherwise the error as it is, since it is a fault of ours.
 */
export function asUnavailable(what: string, error: unknown): unknown {
  if (error instanceof ChatError || !isUnavailable(error)) return error;
  return serviceUnavailable(what, error);
}

/** Runs something that asks Redis; what it throws is as `asUnavailable` says. */
export async function orUnavailable<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw asUnavailable(what, error);
  }
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isReply(error))
    return CANNOT_SERVE.has(codeOf(error.message)) || error.message.includes('max number of clients');
  return 'syscall' in error || error.name === 'AggregateError' || CLIENT_CANNOT_REACH.test(error.message);
}

// Older versions word what a script's command was refused: "ERR Error running script (...): -OOM ..." is
// Redis 6, "ERR The user executing the script can't ..." is Redis 7.0 for NOPERM.
function codeOf(message: string): string {
  if (message.startsWith("ERR The user executing the script can't")) return 'NOPERM';
  return /^ERR Error running script.*?: -?([A-Z]+) /.exec(message)?.[1] ?? message.split(' ', 1)[0] ?? '';
}
