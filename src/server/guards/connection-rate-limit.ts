/**
 * How fast an address may open connections, counted for all nodes. A WebSocket is refused before its
 * handshake, an event stream before its operation is looked at.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { RateLimiter } from '#domain/ports/limiter.js';
import { type Handler, refuseUpgrade, sendJson, type UpgradeHandler } from '#server/http/server.js';
import { asksForStream } from '#server/streaming/formats.js';

export interface ConnectionLimitOptions {
  limiter: RateLimiter;
  addressOf(request: IncomingMessage): string;
  /** How an error becomes what a client may see; counts it, and logs it where it is a fault. */
  formatError(error: unknown): GraphQLError;
}

export class ConnectionLimit {
  constructor(private readonly options: ConnectionLimitOptions) {}

  upgrade(handler: UpgradeHandler): UpgradeHandler {
    const { limiter, addressOf, formatError } = this.options;
    return (request, socket, head) => {
      const taken = limiter.take('connections', addressOf(request));
      if (taken === undefined) return handler(request, socket, head);
      // One that breaks off meanwhile must not take the process with it.
      socket.on('error', ignore);
      taken
        .then(() => {
          socket.off('error', ignore);
          if (!socket.destroyed) handler(request, socket, head);
        })
        .catch((error: unknown) => {
          const { status, retryAfter } = answerTo(formatError(error));
          refuseUpgrade(socket, STATUS_LINES[status], `Retry-After: ${retryAfter}\r\n`);
        });
    };
  }

  request(handler: Handler): Handler {
    const { limiter, addressOf, formatError } = this.options;
    return async (request: IncomingMessage, response: ServerResponse) => {
      if (!asksForStream(request)) return handler(request, response);
      try {
        await limiter.take('connections', addressOf(request));
      } catch (error) {
        const { status, retryAfter, body } = answerTo(formatError(error));
        response.setHeader('Retry-After', retryAfter);
        return sendJson(response, status, body);
      }
      return handler(request, response);
    };
  }
}

const STATUS_LINES = { 429: '429 Too Many Requests', 503: '503 Service Unavailable' } as const;

function ignore(): void {
  // It is found to be destroyed.
}

function answerTo(error: GraphQLError) {
  const { code, retryAfterMs } = error.extensions as { code?: unknown; retryAfterMs?: number };
  return {
    status: code === 'RATE_LIMITED' ? (429 as const) : (503 as const),
    retryAfter: Math.ceil((retryAfterMs ?? 1_000) / 1_000),
    body: { errors: [error] },
  };
}
