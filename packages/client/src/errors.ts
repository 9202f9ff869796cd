import { failureOf } from './failure.js';

/** A refusal by the server, or a failure to reach it. */
export class ChatClientError extends Error {
  override readonly name: string = 'ChatClientError';
  /**
   * The server's code, such as `FORBIDDEN`, or `MESSAGE_TOO_LARGE` if the operation was too large to be sent.
   * Undefined if the server did not answer, or gave none.
   */
  readonly code: string | undefined;

  /** @param cause what the operation failed with: the server's errors, a close event, an error */
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.code = failureOf(cause).code;
  }
}

/** An Error, whatever the cause is. */
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
