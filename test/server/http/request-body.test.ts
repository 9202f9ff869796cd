/** Bodies that arrive in many parts, or never end. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RequestBodies } from '#server/http/request-body.js';
import { createHttpTransport, type Handler } from '#server/http/server.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { addressesOf } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const KILOBYTE = 1_024;
const LIMIT = 64 * KILOBYTE;
const bodies = new RequestBodies(LIMIT);
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';
const POST = `POST / HTTP/1.1\r\nHost: x\r\n`;

/** The text, each character of which is one byte, in chunks of one byte. */
const inBytes = (text: string) => [...text].map((byte) => `1\r\n${byte}\r\n`).join('');

/** Starts a server whose handler answers with the body, or with the message of its error. */
async function start(handler: Handler = echo) {
  const http = createHttpTransport({
    routes: new Map([['/', bodies.readFirst(handler)]]),
    upgrades: new Map(),
    headersTimeoutMs: 30_000,
    requestTimeoutMs: 30_000,
    keepAliveTimeoutMs: 65_000,
    stallTimeoutMs: 30_000,
    connections: 0,
    openAnswers: { answers: 10, unreadBytes: 0 },
    onFault: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => http.close(100));
  const server = { ...addressesOf(await http.listen(0, '127.0.0.1')), close: () => http.close(100) };
  return async () => {
    const connection = await RawTcp.open(server);
    onTestFinished(() => connection.end());
    return connection;
  };
}

const echo: Handler = (request, response) =>
  bodies.take(request).then(
    (body) => void response.end(`<${body.length}:${body.toString('latin1').slice(-100)}>`, 'latin1'),
    (error: Error) => void response.end(`<${error.message}>`),
  );

describe('a body', () => {
  test.each([
    ['in one part', (text: string) => `Content-Length: ${text.length}\r\n\r\n${text}`],
    ['in one chunk', (text: string) => `${CHUNKED}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`],
    ['in chunks of one byte', (text: string) => `${CHUNKED}${inBytes(text)}0\r\n\r\n`],
  ])('is read whole %s, up to the limit', async (_how, encode) => {
    const open = await start();
    const ending = 'Gr\xfc\xdfe';
    for (const length of [10, KILOBYTE, KILOBYTE + 1, LIMIT]) {
      const connection = await open();
      const text = 'x'.repeat(length - ending.length) + ending;
      await connection.write(Buffer.from(POST + encode(text), 'latin1'));
      await connection.until('>');
      expect(connection.received).toContain(`<${length}:${text.slice(-100)}>`);
    }
  });

  test('may be empty', async () => {
    for (const rest of ['Content-Length: 0\r\n\r\n', `${CHUNKED}0\r\n\r\n`, '\r\n']) {
      const connection = await (await start())();
      await connection.write(POST + rest);
      await connection.until('>');
      expect(connection.received).toContain('<0:>');
    }
  });

  test('is read whole if each byte arrives on its own', async () => {
    const connection = await (await start())();
    connection.socket.setNoDelay(true);
    await connection.write(`${POST}Content-Length: 2000\r\n\r\n`);
    for (let at = 0; at < 2_000; at += 1) {
      await connection.write(String(at % 10));
      if (at % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await connection.until('>');
    expect(connection.received).toContain(`<2000:${'0123456789'.repeat(10)}>`);
  });

  test.each([
    ['declared', `Content-Length: ${LIMIT + 1}\r\n\r\n`],
    ['sent in chunks', `${CHUNKED}${inBytes('x'.repeat(LIMIT + 1))}`],
  ])('is refused if it is longer, as %s, without waiting for its end', async (_how, rest) => {
    const connection = await (await start())();
    await connection.write(POST + rest);
    await connection.until('>');
    expect(connection.received).toContain('<Request body too large>');
  });

  test('that its client does not finish is an error', async () => {
    const errors: Error[] = [];
    const open = await start((request) =>
      bodies.take(request).then(undefined, (error) => void errors.push(error)),
    );
    const connection = await open();
    await connection.write(`${POST}Content-Length: 10\r\n\r\nabc`);
    connection.end();
    await until(() => errors.length === 1, { what: 'the error' });
    expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
  });
});

describe('what a connection holds of bodies in chunks of one byte', () => {
  const used = useServer();
  const CONNECTIONS = 10;
  const head = (method: string, accept: string, path = '/graphql') =>
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nContent-Type: application/json\r\n${CHUNKED}`;
  const stream = `/graphql?query=${encodeURIComponent('subscription { messageAdded(roomId: "bytes") { id } }')}`;

  test.each([
    ['that never ends', head('POST', 'application/json')],
    ['of a request that was refused', head('POST', 'image/png'), 406],
    ['of a stream that never ends', head('POST', 'text/event-stream')],
    ['that belongs to an open stream', head('GET', 'text/event-stream', stream)],
    [
      'that is too long, and whose refusal waits for a stream',
      `${head('GET', 'text/event-stream', stream)}0\r\n\r\n${head('POST', '*/*')}10001\r\n${' '.repeat(LIMIT + 1)}\r\n`,
    ],
    [
      'that nobody reads',
      `${head('GET', 'text/event-stream', stream)}0\r\n\r\n${head('POST', '*/*', '/unknown')}`,
    ],
  ])('is about the limit: one %s', async (_what, start, status = 200) => {
    const piece = inBytes(' '.repeat(1_000));
    const held = () => {
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const connections: RawTcp[] = [];
    for (let count = 0; count < CONNECTIONS; count += 1) {
      const connection = await RawTcp.open(used.server);
      onTestFinished(() => connection.end());
      connections.push(connection);
      await connection.write(start);
    }
    const before = held();
    for (let sent = 0; sent < 50; sent += 1)
      for (const connection of connections) await connection.write(piece);
    // The server has read as much as it does when it answers another request.
    expect((await fetch(used.server.url, { method: 'OPTIONS' })).status).toBeLessThan(500);
    await until(() => connections.every(({ socket }) => socket.writableLength === 0), {
      what: 'the bytes to be sent',
    });
    for (const { received } of connections) {
      // Most requests are not answered yet.
      if (received !== '') expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    }
    await until(() => held() - before < CONNECTIONS * 4 * LIMIT, {
      what: 'the memory to be free',
      timeout: 5_000,
    });
  });
});
