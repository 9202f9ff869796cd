/**
 * The refusals that a client may meet, as values with a code. Whatever is not one of these is a fault
 * of ours: the transports mask it and log it once.
 */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'CURSOR_EXPIRED'
  | 'RATE_LIMITED'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'SERVICE_UNAVAILABLE';

/** What a refusal carries besides its message; all of it reaches the client under `extensions`. */
export interface ErrorDetails {
  /** The argument or input field that was refused, as a dotted path: `input.content`. */
  field?: string;
  /** The limit that was passed, in the unit that the message names. */
  limit?: number;
  /** RATE_LIMITED: milliseconds until the same call may succeed. */
  retryAfterMs?: number;
}

/** A refusal: `message` is written for the person who reads it, `code` for the program. */
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

/** An argument that cannot be accepted; nothing was stored and nothing published. */
export function badInput(field: string, message: string, limit?: number): ChatError {
  return new ChatError(
    'BAD_USER_INPUT',
    `${field}: ${message}`,
    limit === undefined ? { field } : { field, limit },
  );
}

/** The message that a cursor names is no longer kept, so what came after it cannot be given exactly. */
export function cursorExpired(cursor: string): ChatError {
  return new ChatError(
    'CURSOR_EXPIRED',
    `The message ${cursor} is no longer kept: what came after it cannot be given without a gap. Join again with "last".`,
  );
}

/** The store cannot be reached, or did not answer in time. */
export function serviceUnavailable(what: string, cause?: unknown): ChatError {
  return new ChatError('SERVICE_UNAVAILABLE', what, {}, { cause });
}

/** Whoever calls has not shown who they are, and has to. */
export function unauthenticated(what: string, cause?: unknown): ChatError {
  return new ChatError('UNAUTHENTICATED', what, {}, { cause });
}

/** Whoever calls may not do this. */
export function forbidden(what: string): ChatError {
  return new ChatError('FORBIDDEN', what);
}

/** Too much, too fast: nothing was done, and the same call may succeed after `retryAfterMs`. */
export function rateLimited(what: string, retryAfterMs: number): ChatError {
  return new ChatError('RATE_LIMITED', what, { retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) });
}
