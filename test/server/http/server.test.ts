/** The HTTP server beneath all transports. */
import { expect, it, onTestFinished } from 'vitest';
import { createHttpTransport } from '#server/http/server.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { addressesOf } from '#test/support/server.js';

it('who does not read its answer is given up, and the answer with it', async () => {
  let givenUp: () => void;
  const ended = new Promise<void>((resolve) => {
    givenUp = resolve;
  });
  const faults: unknown[] = [];
  const http = createHttpTransport({
    routes: new Map([
      [
        '/long',
        (request, response) => {
          request.socket.once('close', givenUp);
          // Far more than the sockets between the two hold.
          response.end(Buffer.alloc(64 * 1024 * 1024));
        },
      ],
    ]),
    upgrades: new Map(),
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 10_000,
    stallTimeoutMs: 300,
    connections: 10,
    onFault: (error) => faults.push(error),
  });
  onTestFinished(() => http.close(100));
  const server = { ...addressesOf(await http.listen(0, '127.0.0.1')), close: () => http.close(100) };
  const connection = await RawTcp.open(server);
  onTestFinished(() => connection.end());
  connection.socket.pause();
  await connection.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n');
  await ended;
  expect(faults).toEqual([]);
});
