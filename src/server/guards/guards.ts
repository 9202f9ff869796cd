/**
 * What every request to GraphQL passes before it costs anything: the page that it comes from, and for what
 * stays open (WebSockets, event streams) how much of that there is.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Handler, refuseUpgrade, sendJson, type UpgradeHandler } from '#server/http/server.js';
import { asksForStream } from '#server/streaming/formats.js';
import type { Admission } from './concurrency-limit.js';
import type { Origins } from './origin.js';

export interface FrontDoorOptions {
  origins: Origins;
  admission: Admission;
  /** The address that counts for a request. */
  addressOf(request: IncomingMessage): string;
  onRefused(reason: 'origin' | 'connections' | 'address'): void;
}

/** Seconds after which a client that was one too many may try again. */
const RETRY_AFTER = 5;

export class FrontDoor {
  constructor(private readonly options: FrontDoorOptions) {}

  request(handler: Handler): Handler {
    const { origins, admission, addressOf, onRefused } = this.options;
    return (request, response) => {
      if (origins.answer(request, response)) {
        if (response.statusCode === 403) onRefused('origin');
        return;
      }
      // Node takes any Host, and Yoga builds an address of it.
      if (!URL.canParse(`http://${request.headers.host ?? ''}`)) {
        return sendJson(response, 400, { errors: [{ message: 'The header Host is malformed.' }] });
      }
      if (!asksForStream(request)) return handler(request, response);
      const admitted = admission.admit(addressOf(request));
      if (typeof admitted !== 'function') {
        onRefused(admitted.reason);
        response.setHeader('Retry-After', RETRY_AFTER);
        return sendJson(response, admitted.status, { errors: [TOO_MANY] });
      }
      response.once('close', admitted);
      return handler(request, response);
    };
  }

  upgrade(handler: UpgradeHandler): UpgradeHandler {
    const { origins, admission, addressOf, onRefused } = this.options;
    return (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!origins.allows(request)) {
        onRefused('origin');
        return refuseUpgrade(socket, '403 Forbidden');
      }
      const admitted = admission.admit(addressOf(request));
      if (typeof admitted !== 'function') {
        onRefused(admitted.reason);
        const status = admitted.status === 503 ? '503 Service Unavailable' : '429 Too Many Requests';
        return refuseUpgrade(socket, status, `Retry-After: ${RETRY_AFTER}\r\n`);
      }
      socket.on('close', admitted);
      return handler(request, socket, head);
    };
  }
}

const TOO_MANY = {
  message: 'There are too many connections. Please try again later.',
  extensions: { code: 'RATE_LIMITED', retryAfterMs: RETRY_AFTER * 1_000 },
};
