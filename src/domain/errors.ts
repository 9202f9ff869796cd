/**
 * Codes of errors that clients are meant to see. Any other
 * error is a bug: transports mask it and log it once.
 */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'CURSOR_EXPIRED'
  | 'RATE_LIMITED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'SERVICE_UNAVAILABLE';

/** Details that clients receive under `extensions`, next to the code. */
export interface ErrorDetails {
  /** The invalid argument or input field, as a dotted path such as `input.content`. */
  field?: string;
  /** The limit that was exceeded, in the unit that the message names. */
  limit?: number;
  /** For RATE_LIMITED: milliseconds until the same call may succeed. */
  retryAfterMs?: number;
}

/** An error that clients are meant to see. `message` is for people, `code` is for programs. */
export class ChatError extends Error {
  override readonly name = 'ChatError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * BAD_USER_INPUT for an invalid argument. `problem` completes
 * a sentence that begins with `field`. Nothing was done.
 */
export function badInput(field: string, problem: string, limit?: number): ChatError {
  return new ChatError(
    'BAD_USER_INPUT',
    `${field} ${problem}.`,
    limit === undefined ? { field } : { field, limit },
  );
}

/** CURSOR_EXPIRED: messages after the cursor may be missing from the store, so resuming would leave a gap. */
export function cursorExpired(cursor: string): ChatError {
  return new ChatError(
    'CURSOR_EXPIRED',
    `Cannot resume after ${cursor} without missing messages. Subscribe again with "last".`,
  );
}

/** SERVICE_UNAVAILABLE: something that this call needs, such as Redis, is down or did not answer in time. */
export function serviceUnavailable(message: string, cause?: unknown): ChatError {
  return new ChatError('SERVICE_UNAVAILABLE', message, {}, { cause });
}

/** UNAUTHENTICATED: the caller must sign in, or sent a token that is not valid. */
export function unauthenticated(message: string, cause?: unknown): ChatError {
  return new ChatError('UNAUTHENTICATED', message, {}, { cause });
}

/** FORBIDDEN: the caller does not have permission. */
export function forbidden(message: string): ChatError {
  return new ChatError('FORBIDDEN', message);
}

/** RATE_LIMITED: nothing was done, and the same call may succeed after `retryAfterMs`. */
export function rateLimited(message: string, retryAfterMs: number): ChatError {
  return new ChatError('RATE_LIMITED', message, { retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) });
}
