import type { IncomingMessage } from 'node:http';
import { createGraphQLError } from 'graphql-yoga';
import type { Handler } from './server.js';

/** The size of the first buffer for a body that arrives in parts, in bytes. */
const FIRST_BYTES = 1_024;

/**
 * Reads the bodies of requests, of at most `limit` bytes each.
 *
 * The bytes are copied into one buffer as they arrive. A body can come in chunks of one byte, and Node makes a buffer of
 * about 300 bytes for each, so reading begins before anything that takes time.
 */
export class RequestBodies {
  readonly #bodies = new WeakMap<IncomingMessage, Body>();

  constructor(readonly limit: number) {}

  /**
   * Begins to read the body of each POST request before the handler is called. What nobody has taken when the response
   * is closed is discarded.
   */
  readFirst(handler: Handler): Handler {
    return (request, response) => {
      if (request.method === 'POST') {
        const body = read(request, this.limit);
        this.#bodies.set(request, body);
        response.once('close', () => {
          if (this.#bodies.delete(request)) body.discard();
        });
      }
      return handler(request, response);
    };
  }

  /**
   * Takes the body of a POST request, once. Rejects with 413 if it is too long, and with 400 if the client ends the
   * connection first.
   */
  take(request: IncomingMessage): Promise<Buffer> {
    const body = this.#bodies.get(request);
    this.#bodies.delete(request);
    return body?.bytes ?? Promise.reject(incomplete());
  }
}

/** A body that is being read. */
interface Body {
  readonly bytes: Promise<Buffer>;
  /** Frees what was read, and ignores what follows. */
  discard(): void;
}

function read(request: IncomingMessage, limit: number): Body {
  const declared = declaredLength(request);
  let read: Buffer = NOTHING;
  let size = 0;
  const { promise: bytes, resolve, reject } = promiseWithResolvers<Buffer>();
  const discard = () => {
    // If the request were paused, its chunks would pile up.
    request.off('data', add).resume();
    read = NOTHING;
  };
  const add = (chunk: Buffer) => {
    if (size + chunk.length > limit) {
      discard();
      // Its end is unknown, so the connection cannot be used for another request.
      reject(tooLarge({ Connection: 'close' }));
      return;
    }
    if (size === 0 && chunk.length === declared) {
      read = chunk;
    } else {
      if (size + chunk.length > read.length) {
        const length = Math.min(limit, Math.max(FIRST_BYTES, 2 * (size + chunk.length)));
        const grown = Buffer.allocUnsafeSlow(length);
        read.copy(grown, 0, 0, size);
        read = grown;
      }
      chunk.copy(read, size);
    }
    size += chunk.length;
  };
  // Nobody may ask for it: the request may be refused for another reason.
  bytes.catch(() => undefined);
  if (declared > limit) {
    discard();
    reject(tooLarge());
    return { bytes, discard };
  }
  request.on('data', add);
  request.once('end', () => {
    resolve(read.subarray(0, size));
    // The response may take long, such as that of a stream.
    read = NOTHING;
  });
  // Does nothing if the body has ended.
  request.once('error', () => reject(incomplete()));
  request.once('close', () => reject(incomplete()));
  return { bytes, discard };
}

const NOTHING = Buffer.alloc(0);

/** `Promise.withResolvers`, which Node 20 does not have. */
function promiseWithResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** The length that the head of the request names, in bytes. Node has checked that it is a number. */
export function declaredLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}

/** The error of a body that is too long, with headers for the response. */
export function tooLarge(headers: Record<string, string> = {}) {
  const extensions = { code: 'REQUEST_ENTITY_TOO_LARGE', http: { status: 413, headers } };
  return createGraphQLError('Request body too large', { extensions });
}

function incomplete() {
  const extensions = { code: 'BAD_USER_INPUT', http: { status: 400 } };
  return createGraphQLError('The request ended before its body was complete.', { extensions });
}
