/**
 * Keeps a client from sending messages that are larger than the server accepts.
 *
 * A server that receives one closes the connection with 1009 (message too big), which interrupts every
 * operation on that connection. A retry would do the same. So an operation over the limit fails before it is
 * sent.
 *
 * If the server's limit turns out to be lower, the cause is assumed to be the largest operation without an
 * answer when the connection closed with 1009. It fails for good, and from then on the client treats
 * operations of that size as too large.
 */
import type { SubscribePayload } from 'graphql-ws';
import type { OperationClient } from './operation.js';

/** The default of the server's MESSAGE_BYTES_LIMIT. */
export const MAX_MESSAGE_BYTES = 65_536;

/** The lowest limit of any server, in bytes. If all operations are smaller, a 1009 had another cause. */
const LOWEST_LIMIT = 1_024;

/** The WebSocket close code for a message that is too big (RFC 6455, 7.4.1). */
const TOO_BIG = 1009;

/** The bytes that graphql-ws adds to an operation: an id, which is a UUID, and the type `subscribe`. */
const ENVELOPE = 75;

/** An operation is larger than the server accepts, and was not executed. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError';

  constructor(
    /** The size of the operation as sent, in bytes. */
    readonly bytes: number,
    /** The largest size that is known to be accepted, in bytes. */
    readonly limit: number,
  ) {
    super(`The message is too large: ${bytes} bytes, but at most ${limit} are accepted.`);
  }
}

/** Whether the connection was closed because a message, of this operation or another one, was too big. */
export function isTooBigClose(cause: unknown): boolean {
  return (cause as { code?: unknown } | null | undefined)?.code === TOO_BIG;
}

/**
 * Returns the size of an operation as sent, in bytes.
 * @throws {MessageTooLargeError} if it is over the limit
 */
export function checkSize(payload: SubscribePayload, limit: number): number {
  const bytes = ENVELOPE + new TextEncoder().encode(JSON.stringify(payload)).length;
  if (bytes > limit) throw new MessageTooLargeError(bytes, limit);
  return bytes;
}

/** Wraps a client so that operations over the limit fail with a MessageTooLargeError. */
export function limitMessages(client: OperationClient, maxMessageBytes: number): OperationClient {
  let limit = maxMessageBytes;
  /** Operations that may have caused a close, because they have no answer yet. */
  const unanswered = new Set<{ bytes: number }>();
  const lowerLimit = () => {
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
    const unsubscribe = client.subscribe<never, never>(payload, {
      next: (result) => {
        settle();
        sink.next(result);
      },
      error: (cause) => {
        const { bytes } = operation;
        const isTooBig = isTooBigClose(cause);
        if (isTooBig && unanswered.has(operation)) lowerLimit();
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
      unsubscribe();
    };
  };

  return { subscribe };
}
