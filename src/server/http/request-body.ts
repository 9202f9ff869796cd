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
  readonly #read = new WeakMap<IncomingMessage, Promise<Buffer>>();

  constructor(readonly limit: number) {}

  /** Begins to read the body of each POST request before the handler is called. */
  readFirst(handler: Handler): Handler {
    return (request, response) => {
      if (request.method === 'POST') void this.of(request);
      return handler(request, response);
    };
  }

  /**
   * The body of a request. The first call begins to read it. Rejects with 413 if it is too long, and with 400 if the
   * client ends the connection first.
   */
  of(request: IncomingMessage): Promise<Buffer> {
    let body = this.#read.get(request);
    if (body === undefined) {
      body = read(request, this.limit);
      // Nobody may ask for it: the request may be refused for another reason.
      body.catch(() => undefined);
      this.#read.set(request, body);
    }
    return body;
  }
}

function read(request: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = declaredLength(request);
  if (declared > limit) {
    request.resume();
    return Promise.reject(tooLarge());
  }
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    let size = 0;
    const add = (chunk: Buffer) => {
      if (size + chunk.length > limit) {
        // Discard what follows. If the request were paused, its chunks would pile up.
        request.off('data', add).resume();
        bytes = Buffer.alloc(0);
        // Its end is unknown, so the connection cannot be used for another request.
        reject(tooLarge({ Connection: 'close' }));
        return;
      }
      if (size === 0 && chunk.length === declared) {
        bytes = chunk;
      } else {
        if (size + chunk.length > bytes.length) {
          const grown = Buffer.allocUnsafeSlow(
            Math.min(limit, Math.max(FIRST_BYTES, 2 * (size + chunk.length))),
          );
          bytes.copy(grown, 0, 0, size);
          bytes = grown;
        }
        chunk.copy(bytes, size);
      }
      size += chunk.length;
    };
    request.on('data', add);
    request.once('end', () => resolve(bytes.subarray(0, size)));
    // Does nothing if the body has ended.
    request.once('error', () => reject(incomplete()));
    request.once('close', () => reject(incomplete()));
  });
}

/** The length that the head of the request names, in bytes. Node has checked that it is a number. */
export function declaredLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? 0);
}

export function tooLarge(headers: Record<string, string> = {}) {
  const extensions = { code: 'REQUEST_ENTITY_TOO_LARGE', http: { status: 413, headers } };
  return createGraphQLError('Request body too large', { extensions });
}

function incomplete() {
  const extensions = { code: 'BAD_USER_INPUT', http: { status: 400 } };
  return createGraphQLError('The request ended before its body was complete.', { extensions });
}
