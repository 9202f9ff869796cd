import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A reverse proxy that forwards everything, including WebSockets, but replaces the Host header. */
export interface WrongHostProxy {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts a proxy to a server on a free port. */
export async function startWrongHostProxy(target: string): Promise<WrongHostProxy> {
  const sockets = new Set<Socket>();
  const pass = ({ method, url, headers }: IncomingMessage) =>
    request(target + url, { method, headers: { ...headers, host: 'chat.internal' }, agent: false });
  const server = createServer((incoming, response) => {
    const outgoing = pass(incoming);
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming, socket) => {
    const outgoing = pass(incoming);
    outgoing.on('response', ({ statusCode, statusMessage }) =>
      socket.end(`HTTP/1.1 ${statusCode} ${statusMessage}\r\nConnection: close\r\n\r\n`),
    );
    outgoing.on('upgrade', (answer, upstream) => {
      const headers = answer.rawHeaders.map((value, index) => value + (index % 2 === 0 ? ': ' : '\r\n'));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('')}\r\n`);
      for (const [from, to] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        from.pipe(to);
        from.on('error', () => to.destroy());
      }
    });
    outgoing.on('error', () => socket.destroy());
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
