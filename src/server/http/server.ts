/**
 * The HTTP server: it routes requests and upgrades, and lets them end.
 *
 *   /graphql       POST, GET, SSE → Yoga;  upgrade → WebSocket
 *   /health/live   200 while the process runs
 *   /health/ready  200 while it can serve; 503 with what it waits for
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** Bytes in the head of a request. */
const MAX_HEADER_BYTES = 16_384;

/** Answers a request; a promise that rejects is answered with 500. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpOptions {
  /** By exact path. */
  routes: ReadonlyMap<string, Handler>;
  upgrades: ReadonlyMap<string, UpgradeHandler>;
  /** How long a client may take to send the head of a request, and all of it; then its connection is ended. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** How long a client may leave an answer unread before its connection is ended. */
  stallTimeoutMs: number;
  /** Connections of all kinds at once; 0 is no limit. */
  connections: number;
  onFault(error: unknown): void;
}

export interface HttpTransport {
  /** Resolves with the port, once connections are accepted. Rejects where the port cannot be had. */
  listen(port: number, host: string): Promise<number>;
  /** Accepts no more, lets requests under way end, and ends what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

export function createHttpTransport(options: HttpOptions): HttpTransport {
  const { headersTimeoutMs, requestTimeoutMs } = options;
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(headersTimeoutMs / 4, 5_000),
  };
  const server = createServer(limits, (request, response) => {
    response.once('close', endKeptAlive);
    const handler = options.routes.get(pathOf(request)) ?? notFound;
    Promise.resolve()
      .then(() => handler(request, response))
      .catch((error: unknown) => {
        options.onFault(error);
        if (!response.headersSent) sendJson(response, 500, { error: 'Internal server error' });
        else response.destroy();
      });
  });
  server.timeout = options.stallTimeoutMs;
  if (options.connections > 0) server.maxConnections = options.connections;
  // Node asks the system for it at first use, and gets none where the other side has gone by then: whatever
  // goes by the address would count for nobody.
  server.on('connection', (socket) => {
    if (socket.remoteAddress === undefined) socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    const upgrade = options.upgrades.get(pathOf(request));
    if (upgrade !== undefined) return upgrade(request, socket, head);
    refuseUpgrade(socket, '404 Not Found');
  });

  /** A connection that was busy when the server began to close would be kept alive after its answer. */
  function endKeptAlive(): void {
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

/** Answers an upgrade with a refusal, and ends its connection. `headers` end with a line break, if there are any. */
export function refuseUpgrade(socket: Duplex, status: string, headers = ''): void {
  // One that breaks off must not take the process with it.
  socket.on('error', destroy);
  const answer = `HTTP/1.1 ${status}\r\nConnection: close\r\n${headers}Content-Length: 0\r\n\r\n`;
  // A client that keeps its side open keeps nothing open here.
  socket.end(answer, () => socket.destroy());
}

/** Answers with JSON that no cache keeps. */
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
      // Such as too many open files: those who are connected go on.
      server.on('error', onFault);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function destroy(this: Duplex): void {
  this.destroy();
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  sendJson(response, 404, { error: 'Not found' });
}
