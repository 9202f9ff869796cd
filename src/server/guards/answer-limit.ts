import type { IncomingMessage, ServerResponse } from 'node:http';
import { rateLimited } from '#domain/errors.js';
import type { Handler } from '#server/http/server.js';

/** When a client that was refused may try again, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** The error of an operation that was refused. */
export function tooManyAnswers() {
  const message = 'Too many operations from this network address are in progress. Try again shortly.';
  return rateLimited(message, RETRY_AFTER_MS);
}

/**
 * Limits how many queries and mutations of one address are under way at once, over all transports of this node: being
 * executed, or with an answer that is not read yet. 0 means no limit.
 */
export class AnswerLimit {
  readonly #byAddress = new Map<string, number>();
  readonly #byRequest = new WeakMap<IncomingMessage, () => void>();

  constructor(private readonly perAddress: number) {}

  /** Counts an answer and returns what ends it, which is safe to call twice. Undefined if there are too many. */
  take(address: string): (() => void) | undefined {
    if (this.perAddress === 0) return ignore;
    const open = this.#byAddress.get(address) ?? 0;
    if (open >= this.perAddress) return undefined;
    this.#byAddress.set(address, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }

  /** Counts an HTTP request until its answer is read, and until it is executed if the client leaves first. */
  takeFor(request: IncomingMessage, response: ServerResponse, address: string): (() => void) | undefined {
    const end = this.take(address);
    if (end === undefined) return undefined;
    // Node takes the socket away from a request whose body is too large.
    const { socket } = request;
    this.#byRequest.set(request, end);
    response.once('close', () => {
      if (response.headersSent) end();
    });
    return () => {
      if (response.closed || socket.destroyed) end();
    };
  }

  /** The request turned out to be a subscription, which other limits count. */
  becameStream(request: IncomingMessage): void {
    this.#byRequest.get(request)?.();
  }
}

/** Refuses requests with 429 if their address has too many answers under way. */
export function limitAnswers(
  handler: Handler,
  limit: AnswerLimit,
  options: { addressOf(request: IncomingMessage): string; refuse: Handler },
): Handler {
  return async (request, response) => {
    const executed = limit.takeFor(request, response, options.addressOf(request));
    if (executed === undefined) return options.refuse(request, response);
    try {
      await handler(request, response);
    } finally {
      executed();
    }
  };
}

function ignore(): void {
  // There is no limit.
}
