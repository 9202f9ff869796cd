import { type BackoffOptions, backoffMs, callAfter } from './backoff.js';
import { ChatClientError } from './errors.js';
import { failureOf } from './failure.js';
import { isTooBigClose } from './message-limit.js';
import { makeNonce } from './nonce.js';

/** A failed attempt that will be retried. */
export interface SendRetry {
  /** How many attempts have failed so far. */
  attempt: number;
  /** Milliseconds until the next attempt. */
  delayMs: number;
  /** Why the attempt failed. */
  error: ChatClientError;
}

export interface SendOnceOptions extends BackoffOptions {
  /** The nonce. A new one by default. To settle a send of unknown outcome, pass the nonce of its error. */
  nonce?: string;
  /**
   * How long to retry, in milliseconds. 60,000 by default, and at most 240,000: the server remembers a nonce
   * for five minutes, and would store the message again after that.
   */
  timeoutMs?: number;
  /** How long one attempt may take, in milliseconds. 10,000 by default. */
  attemptTimeoutMs?: number;
  /** Aborts the send, which rejects with the signal's reason. The message may have been stored. */
  signal?: AbortSignal;
  /** Called before each retry: with RATE_LIMITED, for example, to show how long to wait. */
  onRetry?: (retry: SendRetry) => void;
}

/** A message was not sent, or its outcome is unknown. `code` is the code of the server's last error. */
export class SendError extends ChatClientError {
  override readonly name = 'SendError';

  constructor(
    cause: unknown,
    /**
     * `refused`: the message was not stored. `unknown`: it may have been. To find out, send it with the same
     * nonce within four minutes of the first attempt.
     */
    readonly outcome: 'refused' | 'unknown',
    readonly nonce: string,
    /** With RATE_LIMITED, the milliseconds until a retry may succeed. Otherwise 0. */
    readonly retryAfterMs: number,
  ) {
    super(cause);
  }
}

const TIMEOUT_MS = 60_000;
const MAX_TIMEOUT_MS = 240_000;
const ATTEMPT_TIMEOUT_MS = 10_000;

/**
 * Sends a message so that it is stored once. Makes a nonce and calls `attempt` with it until an attempt
 * succeeds. It retries, for up to `timeoutMs`, after SERVICE_UNAVAILABLE, after RATE_LIMITED (when the server
 * says), and after network failures. `attempt` may use any library, and rejects with what that library
 * rejects with. The signal that it gets aborts when the attempt times out.
 * @throws {SendError} if the server refuses the message, or the time is up
 */
export async function sendOnce<T>(
  attempt: (nonce: string, signal: AbortSignal) => Promise<T>,
  options: SendOnceOptions = {},
): Promise<T> {
  const { nonce = makeNonce(), timeoutMs = TIMEOUT_MS, signal, onRetry } = options;
  const deadline = Date.now() + Math.min(timeoutMs, MAX_TIMEOUT_MS);
  let outcome: SendError['outcome'] = 'refused';
  let lastError: SendError | undefined;
  let tooBigCloses = 0;
  for (let failed = 1; ; failed += 1) {
    signal?.throwIfAborted();
    // If the computer slept through the deadline, the server may have forgotten the nonce.
    if (lastError !== undefined && Date.now() >= deadline) throw lastError;
    try {
      return await attemptWithin(attempt, nonce, deadline, options);
    } catch (cause) {
      signal?.throwIfAborted();
      const { kind, code, retryAfterMs } = failureOf(cause);
      // After any of these the message may have been stored, even if a later attempt is refused. Without a
      // code the server did not refuse the message: it may have received it before the socket closed.
      if (code === undefined || (kind === 'retry' && code !== 'RATE_LIMITED')) outcome = 'unknown';
      const delayMs = retryAfterMs + backoffMs(failed, options);
      const error = new SendError(cause, outcome, nonce, retryAfterMs);
      // The first time, another operation may have been too big. The second time, it was this one.
      if (isTooBigClose(cause)) tooBigCloses += 1;
      if (kind !== 'retry' || tooBigCloses > 1 || Date.now() + delayMs >= deadline) throw error;
      lastError = error;
      onRetry?.({ attempt: failed, delayMs, error });
      await wait(delayMs, signal);
    }
  }
}

/** Makes one attempt. Rejects when its time is up, or when the send is aborted. */
async function attemptWithin<T>(
  attempt: (nonce: string, signal: AbortSignal) => Promise<T>,
  nonce: string,
  deadline: number,
  { attemptTimeoutMs = ATTEMPT_TIMEOUT_MS, signal }: SendOnceOptions,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  const timeOut = () => controller.abort(new Error('The server did not answer in time.'));
  const timer = setTimeout(timeOut, Math.min(attemptTimeoutMs, deadline - Date.now()));
  signal?.addEventListener('abort', abort);
  try {
    const aborted = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
    });
    return await Promise.race([attempt(nonce, controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Waits, for less time if the signal aborts or the browser comes back online. */
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
