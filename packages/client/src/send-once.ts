import { type BackoffOptions, backoffMs, callAfter } from './backoff.js';
import { ChatClientError } from './errors.js';
import { failureOf } from './failure.js';
import { isTooBigClose } from './message-limit.js';

/** A send that will be tried again. */
export interface SendRetry {
  /** Tries that have failed, from 1. */
  attempt: number;
  /** Milliseconds until the next try. */
  delayMs: number;
  /** What the last one failed with. */
  error: ChatClientError;
}

export interface SendOnceOptions extends BackoffOptions {
  /** The nonce; a new one where not given. One that was kept settles a send of unknown outcome. */
  nonce?: string;
  /**
   * How long to try, in milliseconds; 60,000 where not given, and 240,000 at most: the server knows a nonce
   * for five minutes, and after that would store the message again.
   */
  timeoutMs?: number;
  /** How long one try may take, in milliseconds; 10,000 where not given. */
  attemptTimeoutMs?: number;
  /** Gives it up: the send rejects with the signal's reason, and may have happened. */
  signal?: AbortSignal;
  /** Told of each try that failed and will be repeated: of a wait after RATE_LIMITED, for example. */
  onRetry?: (retry: SendRetry) => void;
}

/** Why a message was not sent, or is not known to be. `code` is the server's last refusal. */
export class SendError extends ChatClientError {
  override readonly name = 'SendError';

  constructor(
    cause: unknown,
    /**
     * `refused`: it was not stored. `unknown`: it may have been; sending with the same nonce settles it, within
     * four minutes of its first try.
     */
    readonly outcome: 'refused' | 'unknown',
    readonly nonce: string,
    /** RATE_LIMITED: milliseconds until the same send may succeed; else 0. */
    readonly retryAfterMs: number,
  ) {
    super(cause);
  }
}

const TIMEOUT_MS = 60_000;
const LONGEST_MS = 240_000;
const ATTEMPT_TIMEOUT_MS = 10_000;

/**
 * Sends a message so that it is stored once: makes a nonce, and calls `attempt` with it until one succeeds.
 * It tries again, within `timeoutMs`, after SERVICE_UNAVAILABLE, RATE_LIMITED (when the server says), and a
 * network that failed. `attempt` sends with any library, and rejects with what that library rejects with; its
 * signal aborts when the try is given up.
 * @throws {SendError} where the server refuses it, or time is up
 */
export async function sendOnce<T>(
  attempt: (nonce: string, signal: AbortSignal) => Promise<T>,
  options: SendOnceOptions = {},
): Promise<T> {
  const { nonce = makeNonce(), timeoutMs = TIMEOUT_MS, signal, onRetry } = options;
  const deadline = Date.now() + Math.min(timeoutMs, LONGEST_MS);
  let outcome: SendError['outcome'] = 'refused';
  let lastError: SendError | undefined;
  let tooBigCloses = 0;
  for (let failed = 1; ; failed += 1) {
    signal?.throwIfAborted();
    // A computer that slept waited for longer than it was told: the nonce may be forgotten.
    if (lastError !== undefined && Date.now() >= deadline) throw lastError;
    try {
      return await within(attempt, nonce, deadline, options);
    } catch (cause) {
      signal?.throwIfAborted();
      const { kind, code, retryAfterMs } = failureOf(cause);
      // A refusal for good is of this try; one before it may have been stored all the same. Without a code it
      // was not the server that refused: a socket that it closed may have brought it the message.
      if (code === undefined || (kind === 'retry' && code !== 'RATE_LIMITED')) outcome = 'unknown';
      const delayMs = retryAfterMs + backoffMs(failed, options);
      const error = new SendError(cause, outcome, nonce, retryAfterMs);
      // Another operation may have been too big. If it happens again, it is this one.
      if (isTooBigClose(cause)) tooBigCloses += 1;
      if (kind !== 'retry' || tooBigCloses > 1 || Date.now() + delayMs >= deadline) throw error;
      lastError = error;
      onRetry?.({ attempt: failed, delayMs, error });
      await wait(delayMs, signal);
    }
  }
}

/** One try, for as long as it may take. */
async function within<T>(
  attempt: (nonce: string, signal: AbortSignal) => Promise<T>,
  nonce: string,
  deadline: number,
  { attemptTimeoutMs = ATTEMPT_TIMEOUT_MS, signal }: SendOnceOptions,
): Promise<T> {
  const given = new AbortController();
  const giveUp = () => given.abort(signal?.reason);
  const timeUp = () => given.abort(new Error('The server did not answer in time.'));
  const timer = setTimeout(timeUp, Math.min(attemptTimeoutMs, deadline - Date.now()));
  signal?.addEventListener('abort', giveUp);
  try {
    const aborted = new Promise<never>((_, reject) => {
      given.signal.addEventListener('abort', () => reject(given.signal.reason));
    });
    return await Promise.race([attempt(nonce, given.signal), aborted]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = callAfter(ms, finish);
    signal?.addEventListener('abort', finish);
  });
}

/** A random UUID, also on a page that was not loaded securely, where browsers have no randomUUID. */
function makeNonce(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
