/** Attacks that send too many bytes, operations or connections. */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { EventStream } from '#test/support/clients/event-stream.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp, upgradeHead } from '#test/support/raw-tcp.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
const others: TestServer[] = [];
const open: { crash(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.crash();
});
afterAll(() => Promise.all(others.map((server) => server.close())));

async function another(variables: Record<string, string | number>): Promise<TestServer> {
  const server = await startServer({ redisUrl: used.redis.url, ...variables });
  others.push(server);
  return server;
}

async function isHealthy(): Promise<void> {
  expect((await post(used.server, { query: '{ __typename }' })).body).toEqual({
    data: { __typename: 'Query' },
  });
}

const MEGABYTE = 1024 * 1024;
const SIZE = 90 * MEGABYTE;
const PIECE = Buffer.alloc(MEGABYTE, ' ');

/** Sends up to 90 MB, as far as the server accepts it. Returns the number of bytes sent. */
async function pour(connection: RawTcp, frame: (piece: Buffer) => (string | Buffer)[] = (piece) => [piece]) {
  let poured = 0;
  while (poured < SIZE) {
    for (const part of frame(PIECE)) if (!(await connection.write(part))) return poured;
    poured += PIECE.length;
  }
  return poured;
}

describe('90 MB', () => {
  test('in one WebSocket frame: closes with 1009 after the frame header, without reading more', async () => {
    const before = process.memoryUsage().rss;
    const connection = await RawTcp.open(used.server);
    await connection.write(`${upgradeHead()}\r\n`);
    await until(() => connection.received.includes('\r\n\r\n'), { what: 'the handshake' });
    const head = Buffer.alloc(14);
    head.writeUInt8(0x81, 0);
    head.writeUInt8(0x80 | 127, 1);
    head.writeBigUInt64BE(BigInt(SIZE), 2);
    await connection.write(head);
    await pour(connection);
    await connection.closed;
    // 0x88: close; 0x03f1: 1009
    expect(connection.received.slice(-4)).toBe('\u0088\u0002\u0003\u00f1');
    expect(process.memoryUsage().rss - before).toBeLessThan(SIZE / 2);
    await isHealthy();
  });

  test('in small fragments: closes with 1009', async () => {
    const socket = await RawSocket.ready(used.server);
    const piece = 'x'.repeat(32_768);
    for (let index = 0; index < 4; index += 1) socket.socket.send(piece, { fin: false });
    expect((await socket.closed).code).toBe(1009);
    await isHealthy();
  });

  test('as a body with that length: refuses it with 413', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${SIZE}\r\n\r\n`,
    );
    await until(() => connection.received.includes('413'), { what: 'the refusal' });
    connection.end();
    await isHealthy();
  });

  test('as a chunked body: refuses it with 413 while it arrives, without keeping it', async () => {
    const before = process.memoryUsage().rss;
    const connection = await RawTcp.open(used.server);
    await connection.write(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const poured = pour(connection, (piece) => [`${piece.length.toString(16)}\r\n`, piece, '\r\n']);
    await until(() => connection.received.includes('413'), { what: 'the refusal' });
    connection.end();
    await poured;
    expect(process.memoryUsage().rss - before).toBeLessThan(SIZE / 2);
    await isHealthy();
  });

  test('as headers: refuses them with 431', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(upgradeHead([`X-Filler: ${'x'.repeat(20_000)}`]));
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1.1 431 /);
    await isHealthy();
  });
});

describe('a WebSocket message', () => {
  const PING = { type: 'ping', payload: { is: 'whole' } };

  /** Sends a text in so many fragments, the last of which holds what is left. */
  const sendInFragments = ({ socket }: RawSocket, text: string, fragments: number) => {
    for (let at = 0; at < fragments - 1; at += 1) socket.send(text[at]!, { fin: false });
    socket.send(text.slice(fragments - 1), { fin: true });
  };

  test('may come in 32 fragments', async () => {
    const socket = await RawSocket.ready(used.server);
    open.push(socket);
    sendInFragments(socket, JSON.stringify(PING), 32);
    expect(await socket.next()).toEqual({ ...PING, type: 'pong' });
  });

  test('in more fragments closes the socket with 1008', async () => {
    const socket = await RawSocket.ready(used.server);
    sendInFragments(socket, JSON.stringify(PING), 33);
    expect((await socket.closed).code).toBe(1008);
    await isHealthy();
  });

  test('does not hold the memory that its fragments were read into', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const socket = await RawSocket.ready(used.server);
    // One byte of a message, and then what fills the rest of a read.
    const filler = Buffer.alloc(125);
    for (let fragment = 0; fragment < 1_000 && socket.socket.readyState === WebSocket.OPEN; fragment += 1) {
      socket.tcp.cork();
      socket.socket.send('x', { fin: false });
      for (let count = 0; count < 500; count += 1) socket.socket.pong(filler);
      socket.tcp.uncork();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect((await socket.closed).code).toBe(1008);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MEGABYTE);
    await isHealthy();
  });
});

describe('operations', () => {
  test('runs 100 of 10,000 on one connection, refuses the others and keeps the connection open', async () => {
    const roomId = 'many-operations';
    const socket = await RawSocket.ready(used.server);
    open.push(socket);
    const query = `subscription { messageAdded(roomId: "${roomId}") { content } }`;
    for (let index = 0; index < 10_000; index += 1) socket.subscribe(`${index}`, { query });
    const refused = await socket.take(9_900);
    expect(new Set(refused.map(({ type }) => type))).toEqual(new Set(['error']));
    expect(refused[0]).toMatchObject({
      id: '100',
      payload: [{ extensions: { code: 'RATE_LIMITED', limit: 100 } }],
    });
    const counted = () => used.redis.cli('SCARD', `connections:${roomId}`);
    await until(async () => (await counted()) === '1', { what: 'the connection to be counted' });

    socket.send({ id: '0', type: 'complete' });
    socket.subscribe('another', { query: '{ __typename }' });
    expect(await socket.next()).toMatchObject({ id: 'another', type: 'next' });
    await post(used.server, {
      query: `mutation { sendMessage(input: { roomId: "${roomId}", author: "Ann", content: "still" }) { id } }`,
    });
    const delivered = (await socket.take(100)).filter(({ type }) => type === 'next');
    expect(new Set(delivered.map(({ id }) => id)).size).toBe(99);
  });

  test('treats an id that is too long as a protocol error', async () => {
    const socket = await RawSocket.ready(used.server);
    socket.subscribe('x'.repeat(257), { query: '{ __typename }' });
    expect(await socket.closed).toEqual({ code: 4400, reason: 'Invalid message received' });
  });

  test('leaves an id out of a close reason if it does not fit', async () => {
    const socket = await RawSocket.ready(used.server);
    const id = '🔑'.repeat(60);
    const query = 'subscription { messageAdded(roomId: "twice") { id } }';
    socket.sendTogether(
      { id, type: 'subscribe', payload: { query } },
      { id, type: 'subscribe', payload: { query } },
    );
    expect(await socket.closed).toEqual({ code: 4409, reason: 'Bad request' });
  });
});

describe('connections', () => {
  /** The status of a WebSocket upgrade. */
  const knock = (server: TestServer) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws');
      open.push({ crash: () => socket.terminate() });
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_request, response) => {
        resolve(response.statusCode!);
        response.destroy();
      });
      socket.on('error', () => undefined);
    });
  const listen = async (server: TestServer) => {
    const query = 'subscription { messageAdded(roomId: "counted") { id } }';
    const stream = await EventStream.open(server, { query });
    open.push(stream);
    return stream.status;
  };

  test.each([
    ['in total', { CONNECTIONS_LIMIT: 3 }, 503],
    ['from one address', { CONNECTIONS_PER_ADDRESS: 3 }, 429],
  ])(
    'refuses one connection too many %s, whether WebSocket or event stream',
    async (_what, variables, status) => {
      const server = await another(variables);
      expect(await knock(server)).toBe(101);
      expect(await listen(server)).toBe(200);
      expect(await knock(server)).toBe(101);

      expect(await knock(server)).toBe(status);
      expect(await listen(server)).toBe(status);
      expect((await post(server, { query: '{ __typename }' })).status).toBe(200);

      open.shift()!.crash();
      await until(async () => (await knock(server)) === 101, { what: 'the place of a closed connection' });
      expect(await listen(server)).toBe(status);
    },
  );

  test('stops counting connections that break off in the handshake', async () => {
    const server = await another({ CONNECTIONS_LIMIT: 2 });
    for (let index = 0; index < 10; index += 1) {
      const connection = await RawTcp.open(server);
      await connection.write(`${upgradeHead(['Sec-WebSocket-Extensions: nonsense'])}\r\n`);
      connection.socket.resetAndDestroy();
    }
    await until(async () => (await knock(server)) === 101, { what: 'a place' });
  });

  test('closes connections whose upgrade is refused, even if the client keeps its side open', async () => {
    const server = await another({ CONNECTIONS_LIMIT: 1 });
    expect(await knock(server)).toBe(101);
    const connection = await RawTcp.open(server);
    connection.socket.allowHalfOpen = true;
    await connection.write(`${upgradeHead()}\r\n`);
    await until(() => connection.received.startsWith('HTTP/1.1 503'), { what: 'the refusal' });
    await until(
      () => !connection.socket.writable || connection.socket.destroyed || connection.socket.readableEnded,
      {
        what: 'the end',
      },
    );
  });
});
