/** The HTTP server below all transports. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, type HttpOptions } from '#server/http/server.js';
import type { UpgradeHandler } from '#server/http/upgrade.js';
import { RawTcp, upgradeHead } from '#test/support/raw-tcp.js';
import { addressesOf } from '#test/support/server.js';
import { until } from '#test/support/until.js';

const faults: unknown[] = [];

/** Starts a server for one test and opens a TCP connection to it. */
async function connect(options: Partial<HttpOptions>): Promise<RawTcp> {
  const http = createHttpTransport({
    routes: new Map(),
    upgrades: new Map(),
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 10_000,
    keepAliveTimeoutMs: 65_000,
    stallTimeoutMs: 10_000,
    connections: 10,
    openAnswers: { answers: 10, unreadBytes: 0 },
    onFault: (error) => faults.push(error),
    ...options,
  });
  onTestFinished(() => http.close(100));
  const server = { ...addressesOf(await http.listen(0, '127.0.0.1')), close: () => http.close(100) };
  const connection = await RawTcp.open(server);
  onTestFinished(() => {
    connection.end();
    expect(faults.splice(0)).toEqual([]);
  });
  return connection;
}

test.each([
  ['alone', false],
  ['with other processes', true],
])('a server that has its port %s closes sockets while it has too many', async (_what, sharesPort) => {
  const routes: HttpOptions['routes'] = new Map([['/', (_request, response) => void response.end('ok')]]);
  const first = await connect({ routes, connections: 2, sharesPort });
  const server = { ...addressesOf(first.socket.remotePort!), close: async () => undefined };
  const second = await RawTcp.open(server);
  const third = await RawTcp.open(server);
  await third.closed;
  const isAnswered = async (connection: RawTcp) => {
    await connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await connection.until('ok');
    return connection.received.includes('200 OK');
  };
  expect(await isAnswered(first)).toBe(true);
  expect(await isAnswered(second)).toBe(true);

  second.end();
  const another = await until(
    async () => {
      const connection = await RawTcp.open(server);
      return (await isAnswered(connection)) ? connection : undefined;
    },
    { what: 'another one to be accepted' },
  );
  another!.end();
});

test.each([
  ['', ''],
  [
    ', even if it asks for an upgrade behind it',
    'GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
])('ends a connection whose client does not read the response%s', async (_what, rest) => {
  let givenUp: () => void;
  const ended = new Promise<void>((resolve) => {
    givenUp = resolve;
  });
  const connection = await connect({
    routes: new Map([
      [
        '/long',
        (request, response) => {
          request.socket.once('close', givenUp);
          // Far more than the sockets can buffer.
          response.end(Buffer.alloc(64 * 1024 * 1024));
        },
      ],
    ]),
    upgrades: new Map([['/upgrade', () => expect.unreachable()]]),
    stallTimeoutMs: 300,
  });
  connection.socket.pause();
  await connection.write(`GET /long HTTP/1.1\r\nHost: x\r\n\r\n${rest}`);
  await ended;
});

describe('a connection that pipelines', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  /** A route that counts its requests, and answers when it is told to. */
  const held = () => {
    const waiting: (() => void)[] = [];
    const routes: HttpOptions['routes'] = new Map([
      ['/', (_request, response) => void waiting.push(() => response.end('ok'))],
    ]);
    return { routes, waiting };
  };

  test('has as many answers under way as it may', async () => {
    const { routes, waiting } = held();
    const connection = await connect({ routes });
    for (let round = 0; round < 2; round += 1) {
      await connection.write(GET.repeat(10));
      await until(() => waiting.length === 10, { what: 'ten requests' });
      for (const answer of waiting.splice(0)) answer();
      await until(() => connection.received.split('\r\nok').length === 11 + 10 * round, { what: 'answers' });
    }
  });

  test.each([
    ['in one read', true],
    ['one after the other', false],
  ])('is ended if it asks for more %s, and no more is begun', async (_how, together) => {
    const { routes, waiting } = held();
    const connection = await connect({ routes });
    if (together) {
      await connection.write(GET.repeat(11));
      await connection.closed;
      expect(waiting).toHaveLength(0);
      return;
    }
    for (let sent = 1; sent <= 10; sent += 1) {
      await connection.write(GET);
      await until(() => waiting.length === sent, { what: 'the request' });
    }
    await connection.write(GET.repeat(100));
    await connection.closed;
    expect(waiting).toHaveLength(10);
  });

  test('is ended if it asks again while it leaves too much unread', async () => {
    let begun = 0;
    let ended = false;
    const routes: HttpOptions['routes'] = new Map([
      [
        '/',
        (request, response) => {
          begun += 1;
          request.socket.once('close', () => {
            ended = true;
          });
          // More than the system holds for a client that does not read.
          response.end(Buffer.alloc(32 * 1024 * 1024));
        },
      ],
    ]);
    const connection = await connect({ routes, openAnswers: { answers: 0, unreadBytes: 4 * 1024 * 1024 } });
    connection.socket.pause();
    await connection.write(GET);
    await until(() => begun === 1, { what: 'the first answer' });
    await connection.write(GET);
    await until(() => ended, { what: 'the end of the connection', timeout: 5_000 });
    expect(begun).toBe(1);
  });
});

describe('an idle connection', () => {
  const routes: HttpOptions['routes'] = new Map([['/', (_request, response) => void response.end('ok')]]);
  const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  test('stays open longer than a request may take to arrive', async () => {
    const connection = await connect({ routes, headersTimeoutMs: 100, requestTimeoutMs: 100 });
    await connection.write(GET);
    await connection.until('ok');
    expect(connection.received).toContain('Keep-Alive: timeout=65\r\n');
    const answeredAt = performance.now();
    await until(() => performance.now() - answeredAt > 1_000, { what: 'ten times that limit to pass' });
    connection.received = '';
    await connection.write(GET);
    await connection.until('ok');
    expect(connection.received).toContain('200 OK');
  });

  test('is closed after the configured time', async () => {
    const connection = await connect({ routes, keepAliveTimeoutMs: 100 });
    await connection.write(GET);
    await connection.closed;
    expect(connection.received).toContain('200 OK');
  });
});

describe('an upgrade that the server does not support', () => {
  const routes: HttpOptions['routes'] = new Map([
    [
      '/echo',
      async (request, response) => {
        let body = '';
        for await (const chunk of request.setEncoding('utf8')) body += chunk;
        response.end(`<${request.method} ${request.headers.upgrade} ${request.headers.connection} ${body}>`);
      },
    ],
  ]);
  const upgrades: HttpOptions['upgrades'] = new Map([
    ['/ws', (_request, socket) => void socket.end('upgraded')],
  ]);
  const offer = (method: string, path: string, body: string, protocol = 'h2c', connection = 'Upgrade') =>
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nUpgrade: ${protocol}\r\n` +
    `HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  test('is ignored, and the request is answered with its body', async () => {
    const connection = await connect({ routes, upgrades });
    await connection.write(offer('POST', '/echo', 'hello', 'h2c', 'Upgrade, HTTP2-Settings, keep-alive'));
    await connection.until('hello>');
    expect(connection.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test.each([
    ['one after the other', true],
    ['in a pipeline', false],
  ])('answers requests %s in order, or closes after an answer', async (_how, waits) => {
    const connection = await connect({ routes, upgrades });
    const plain = (body: string) =>
      `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const bodies = ['one', 'two', 'three', 'four'];
    const requests = bodies.map((body, at) => (at % 2 ? offer('POST', '/echo', body) : plain(body)));
    if (waits) {
      for (const [at, request] of requests.entries()) {
        await connection.write(request);
        await connection.until(`${bodies[at]}>`);
      }
    } else {
      await connection.write(requests.join(''));
      await connection.until('four>');
    }
    const answered = [...connection.received.matchAll(/(\w+)>/g)].map(([, body]) => body);
    expect(answered).toEqual(bodies.slice(0, answered.length));
    expect(answered.length).toBeGreaterThanOrEqual(2);
    if (answered.length < 4) expect(connection.received).toContain('Connection: close\r\n');
  });

  test('reads a body that arrives later', async () => {
    const connection = await connect({ routes, upgrades });
    const text = offer('POST', '/echo', 'later');
    await connection.write(text.slice(0, -3));
    await connection.write(text.slice(-3));
    await connection.until('later>');
  });

  test.each([
    ['a WebSocket at a path without one', 'websocket', '/echo', '<GET'],
    ['an unknown protocol', 'TLS/1.0, x', '/echo', '<GET'],
    ['h2c at the path of the WebSocket', 'h2c', '/ws', '404 Not Found'],
  ])('%s', async (_what, protocol, path, answer) => {
    const connection = await connect({ routes, upgrades });
    await connection.write(offer('GET', path, '', protocol));
    await connection.until(answer);
    expect(connection.received).toContain(answer);
  });

  test('does not prevent a WebSocket at its path', async () => {
    const connection = await connect({ routes, upgrades });
    await connection.write(`${upgradeHead().replace('/graphql', '/ws')}\r\n`);
    await connection.closed;
    expect(connection.received).toBe('upgraded');
  });
});

test('a WebSocket gets what its client sent while the answer before it was under way', async () => {
  const waiting: (() => void)[] = [];
  const routes: HttpOptions['routes'] = new Map([
    ['/held', (_request, response) => void waiting.push(() => response.end('held'))],
    ['/', (_request, response) => void response.end('ok')],
  ]);
  const echo: UpgradeHandler = (_request, socket, head) => {
    socket.unshift(head);
    socket.on('data', (chunk: Buffer) => socket.write(`<${chunk}>`)).on('end', () => socket.end());
  };
  const connection = await connect({ routes, upgrades: new Map([['/ws', echo]]) });
  const upgrade = `${upgradeHead().replace('/graphql', '/ws')}\r\n`;
  await connection.write(`GET /held HTTP/1.1\r\nHost: x\r\n\r\n${upgrade}first,`);
  await until(() => waiting.length === 1, { what: 'the request' });
  await connection.write('second');
  // Once another client was answered, this has been read.
  await fetch(`http://127.0.0.1:${connection.socket.remotePort}/`);
  waiting[0]!();
  await connection.until('second>');
  expect(connection.received.replaceAll('><', '')).toMatch(/held<first,second>$/);
});
