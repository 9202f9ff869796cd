/** The HTTP server: routes requests and upgrades by path, and closes gracefully. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type OpenAnswerLimits, OpenAnswers } from './open-answers.js';
import { afterAnswers, ignoreUpgrade, pathOf, type UpgradeHandler, upgradeOf } from './upgrade.js';

/** The maximum size of a request's head, in bytes. A larger one is answered with 431. */
const MAX_HEADER_BYTES = 16_384;

/**
 * Answers a request. If it throws or rejects, the client gets 500. A handler that needs the body begins to read it at
 * once, otherwise the body is discarded.
 */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A request and its response, as Yoga passes them on. */
export interface ServerContext {
  req: IncomingMessage;
  res: ServerResponse;
}

export interface HttpOptions {
  /** By exact path. */
  routes: ReadonlyMap<string, Handler>;
  upgrades: ReadonlyMap<string, UpgradeHandler>;
  /** How long a client may take to send the head of a request, and the whole request. Milliseconds. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** How long an idle connection stays open for another request. Milliseconds. */
  keepAliveTimeoutMs: number;
  /** How long a connection may be inactive, such as while a response stays unread. Milliseconds. */
  stallTimeoutMs: number;
  /** Sockets that may be open at once. 0 means no limit. */
  connections: number;
  /** Whether other processes accept connections on the same port (node:cluster). */
  sharesPort?: boolean;
  /** Answers that one connection may have under way. A connection that asks for more is ended. */
  openAnswers: OpenAnswerLimits;
  /** Called with errors of the server and of handlers. */
  onFault(error: unknown): void;
}

export interface HttpTransport {
  /** Resolves with the port once connections are accepted. Rejects if the port cannot be used. */
  listen(port: number, host: string): Promise<number>;
  /** Stops accepting connections and waits for open requests. Closes what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

export function createHttpTransport(options: HttpOptions): HttpTransport {
  const { headersTimeoutMs, requestTimeoutMs, stallTimeoutMs } = options;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: options.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(headersTimeoutMs / 4, 5_000),
    // Node before 24.9 ignores this option and emits 'upgrade' for every offer; see `ignoreUpgrade`.
    shouldUpgradeCallback: (request: IncomingMessage) => upgradeOf(request, options.upgrades) !== undefined,
  };
  const answers = new OpenAnswers(options.openAnswers);
  const server = createServer(limits, (request, response) => {
    if (!answers.add(request.socket, response)) return void request.socket.destroy();
    // When Node ignores the offer itself, it drops what the client sent after it in the same packet. Close
    // the connection, so that the client does not wait for a response to that.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    // Only sockets with requests. `server.timeout` would leave a timer behind for each WebSocket, too.
    if (request.socket.timeout !== stallTimeoutMs) request.socket.setTimeout(stallTimeoutMs);
    response.once('close', endIdleConnections);
    const handler = options.routes.get(pathOf(request)) ?? notFound;
    Promise.resolve()
      // All requests of one read are handed over before the first is handled: a later one may have ended them.
      .then(() => {
        if (request.socket.destroyed) return;
        const answered = handler(request, response);
        if (request.readableFlowing === null) request.resume();
        return answered;
      })
      .catch((error: unknown) => {
        options.onFault(error);
        if (!response.headersSent) sendJson(response, 500, { error: 'Internal server error' });
        else response.destroy();
      });
  });
  if (options.connections > 0) limitSockets(server, options.connections, options.sharesPort === true);
  // Node reads the address on first use, which fails if the client has already disconnected. Limits per
  // address could not count such a socket.
  server.on('connection', (socket) => {
    if (socket.remoteAddress === undefined) socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    afterAnswers(socket, answers.newest(socket), async () => {
      const upgrade = upgradeOf(request, options.upgrades);
      if (upgrade === undefined) return ignoreUpgrade(server, request, socket, head);
      await upgrade(request, socket, head);
    }).catch((error: unknown) => {
      options.onFault(error);
      socket.destroy();
    });
  });

  /** While the server is closing, closes connections that became idle instead of keeping them alive. */
  function endIdleConnections(): void {
    if (!server.listening) server.closeIdleConnections();
  }

  return {
    listen: (port, host) => listen(server, port, host, options.onFault),
    close: async (timeoutMs) => {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const ended = setTimeout(() => server.closeAllConnections(), timeoutMs);
      await closed;
      clearTimeout(ended);
    },
  };
}

/** Sends a JSON response that caches must not store. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  response.end(`${JSON.stringify(body)}\n`);
}

function listen(
  server: Server,
  port: number,
  host: string,
  onFault: (error: unknown) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // Too many open files, for example. Open connections are not affected.
      server.on('error', onFault);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/**
 * Closes new sockets while the server has too many. If processes share the port, `maxConnections` would return a socket
 * to the primary process, which offers it to the next worker: in a busy loop without end, if all of them are full.
 */
function limitSockets(server: Server, most: number, sharesPort: boolean): void {
  if (!sharesPort) {
    server.maxConnections = most;
    return;
  }
  server.on('connection', (socket) => {
    server.getConnections((error, count) => {
      if (error === null && count > most) socket.destroy();
    });
  });
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 404, { error: 'Not found' });
}
