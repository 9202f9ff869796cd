import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatError, rateLimited } from '#domain/errors.js';
import type { Handler } from '#server/http/server.js';

/** When a client that was refused may try again, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Why an operation was refused. */
export interface TooManyAnswers {
  /** The status over HTTP. */
  readonly status: 429 | 503;
  readonly error: ChatError;
}

/** Limits on queries and mutations under way on this node. 0 means no limit. */
export interface AnswerLimits {
  perAddress: number;
  inAll: number;
}

/**
 * Limits how many queries and mutations are under way at once, of one address and in all, over all transports of this
 * node: being executed, or with an answer that is not read yet.
 */
export class AnswerLimit {
  #inAll = 0;
  readonly #byAddress = new Map<string, number>();
  readonly #byRequest = new WeakMap<IncomingMessage, () => void>();

  constructor(private readonly limits: AnswerLimits) {}

  /** Counts an answer and returns what ends it, which is safe to call twice; or why there are too many. */
  take(address: string): (() => void) | TooManyAnswers {
    const { perAddress, inAll } = this.limits;
    const open = this.#byAddress.get(address) ?? 0;
    if (perAddress > 0 && open >= perAddress) return tooMany(429, 'from this network address ');
    if (inAll > 0 && this.#inAll >= inAll) return tooMany(503);
    this.#byAddress.set(address, open + 1);
    this.#inAll += 1;
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.#inAll -= 1;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
  }

  /** Counts an HTTP request until its answer is read, and until it is executed if the client leaves first. */
  takeFor(
    request: IncomingMessage,
    response: ServerResponse,
    address: string,
  ): (() => void) | TooManyAnswers {
    const end = this.take(address);
    if (typeof end !== 'function') return end;
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

  /**
   * Other limits count the request from now on: it is a subscription, or its answer waits behind another one, which may be
   * a stream. Its bytes count as unread then.
   */
  leaveToOthers(request: IncomingMessage): void {
    this.#byRequest.get(request)?.();
  }
}

interface LimitAnswersOptions {
  addressOf(request: IncomingMessage): string;
  /** Answers a request that is refused. */
  refuse(request: IncomingMessage, response: ServerResponse, why: TooManyAnswers): void;
}

/** Refuses requests with 429 if their address has too many answers under way, and with 503 if the node has. */
export function limitAnswers(handler: Handler, limit: AnswerLimit, options: LimitAnswersOptions): Handler {
  return async (request, response) => {
    const executed = limit.takeFor(request, response, options.addressOf(request));
    if (typeof executed !== 'function') return options.refuse(request, response, executed);
    try {
      await handler(request, response);
    } finally {
      executed();
    }
  };
}

function tooMany(status: TooManyAnswers['status'], whose = ''): TooManyAnswers {
  const message = `Too many operations ${whose}are in progress. Try again shortly.`;
  return { status, error: rateLimited(message, RETRY_AFTER_MS) };
}
