/**
 * Keeps a client from sending messages that are larger than the server accepts.
 *
 * A server closes the connection with 1009 (message too big) when it meets one, which interrupts every
 * operation on that connection. Sent again, it would do so again and again. So an operation that is over the
 * limit fails before it is sent. If the server's limit turns out to be lower, the largest operation that was
 * still unanswered when the connection closed with 1009 is the one that caused it: it fails for good, and
 * from then on the client takes anything of that size for too large.
 */
import type { SubscribePayload } from 'graphql-ws';
import type { OperationClient } from './operation.js';

/** The default of the server's MESSAGE_BYTES_LIMIT. */
export const MAX_MESSAGE_BYTES = 65_536;

/** No server is configured to accept less, in bytes: a close with 1009 had another cause if all operations are smaller. */
const LOWEST_LIMIT = 1_024;

/** The code of a WebSocket that was closed because of a message that is too big (RFC 6455, 7.4.1). */
const TOO_BIG = 1009;

/** Bytes that graphql-ws puts around an operation: its id, a UUID, and the type `subscribe`. */
const ENVELOPE = 75;

/** An operation is larger than the server accepts. It was not executed. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError';

  constructor(
    /** The size of the operation as it is sent, in bytes. */
    readonly bytes: number,
    /** The largest size that is known to be accepted, in bytes. */
    readonly limit: number,
  ) {
    super(`The message is too large: ${bytes} bytes, ${limit} are accepted.`);
  }
}

/** Whether a connection was closed because a message was too big, by this operation or another one. */
export function isTooBigClose(cause: unknown): boolean {
  return (cause as { code?: unknown } | null | undefined)?.code === TOO_BIG;
}

/**
 * Returns the bytes that an operation takes when it is sent.
 * @throws {MessageTooLargeError} if it is over the limit
 */
export function checkSize(payload: SubscribePayload, limit: number): number {
  const bytes = ENVELOPE + new TextEncoder().encode(JSON.stringify(payload)).length;
  if (bytes > limit) throw new MessageTooLargeError(bytes, limit);
  return bytes;
}

/** Runs operations on a client. Those that are over the limit fail with MessageTooLargeError. */
export function limitMessages(client: OperationClient, maxMessageBytes: number): OperationClient {
  let limit = maxMessageBytes;
  /** The sizes of operations that may have caused a close, in bytes. */
  const unanswered = new Set<{ bytes: number }>();
  const learn = () => {
    const largest = Math.max(...Array.from(unanswered, ({ bytes }) => bytes));
    if (largest > LOWEST_LIMIT) limit = Math.min(limit, largest - 1);
  };

  const subscribe: OperationClient['subscribe'] = (payload, sink) => {
    const operation = { bytes: 0 };
    try {
      operation.bytes = checkSize(payload, limit);
    } catch (error) {
      queueMicrotask(() => sink.error(error));
      return () => undefined;
    }
    unanswered.add(operation);
    const settle = () => unanswered.delete(operation);
    const leave = client.subscribe<never, never>(payload, {
      next: (result) => {
        settle();
        sink.next(result);
      },
      error: (cause) => {
        const { bytes } = operation;
        const isTooBig = isTooBigClose(cause);
        if (isTooBig && unanswered.has(operation)) learn();
        settle();
        sink.error(isTooBig && bytes > limit ? new MessageTooLargeError(bytes, limit) : cause);
      },
      complete: () => {
        settle();
        sink.complete();
      },
    });
    return () => {
      settle();
      leave();
    };
  };

  return { subscribe };
}
