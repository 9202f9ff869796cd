import { failureOf } from './failure.js';

/** The server refused an operation, or could not be reached. */
export class ChatClientError extends Error {
  override readonly name: string = 'ChatClientError';
  /**
   * The server's error code, such as `FORBIDDEN`, or `MESSAGE_TOO_LARGE` if the operation was too large to be
   * sent. Undefined if the server did not answer, or gave no code.
   */
  readonly code: string | undefined;

  /** @param cause what the operation failed with: the server's errors, a close event, or an error */
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.code = failureOf(cause).code;
  }
}

/** Returns the cause if it is an Error, or wraps it in a ChatClientError. */
export function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new ChatClientError(cause);
}

function messageOf(cause: unknown): string {
  const first: unknown = Array.isArray(cause) ? cause[0] : cause;
  const { message, code, reason } = (first ?? {}) as { message?: unknown; code?: unknown; reason?: unknown };
  if (typeof message === 'string' && message !== '') return message;
  if (code !== undefined) return `The connection was closed: ${code} ${reason ?? ''}`.trim();
  return 'The server could not be reached.';
}
