/** Clients that open a connection and then send slowly or nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp, upgradeHead } from '#test/support/raw-tcp.js';
import type { TestServer } from '#test/support/server.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({
  HEADERS_TIMEOUT_MS: 300,
  REQUEST_TIMEOUT_MS: 600,
  CONNECTION_INIT_TIMEOUT_MS: 300,
  HEARTBEAT_MS: 60_000,
});

/** Repeatedly sends a text one character at a time, until the connection ends. */
async function drip(connection: RawTcp, text: string): Promise<void> {
  let at = 0;
  const writing = setInterval(() => connection.socket.write(text[at++ % text.length]!), 5);
  await connection.closed;
  clearInterval(writing);
}

describe('slowloris', () => {
  test('cuts off an upgrade whose head never ends', async () => {
    const connections = await Promise.all(Array.from({ length: 50 }, () => RawTcp.open(used.server)));
    for (const connection of connections) await connection.write(upgradeHead());
    await Promise.all(connections.map((connection) => drip(connection, 'X-Slow: z\r\n')));
    for (const { received } of connections) expect(received).toMatch(/^(HTTP\/1.1 408 |$)/);
  });

  test('cuts off a body that never ends', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n',
    );
    await drip(connection, ' ');
  });

  test('cuts off a connection that sends nothing', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.closed;
  });

  test('cuts off a connection_init that never ends', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(`${upgradeHead()}\r\n`);
    await until(() => connection.received.includes('101 Switching'), { what: 'the handshake' });
    // The header of a masked text frame of 100 bytes, followed by one byte at a time.
    await connection.write(Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0]));
    const dripping = drip(connection, ' ');
    // 0x88: close; 0x1138: 4408
    await until(() => connection.received.includes('\u0088') && connection.received.includes('\u00118'), {
      what: 'the close',
    });
    connection.end();
    await dripping;
  });

  test('cuts off a client that sends only pings', async () => {
    const socket = await RawSocket.open(used.server);
    const pinging = setInterval(() => socket.send({ type: 'ping' }), 20);
    expect((await socket.closed).code).toBe(4408);
    clearInterval(pinging);
  });
});

describe('a connection without operations', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ redisUrl: used.redis.url, IDLE_TIMEOUT_MS: 400 });
  });
  afterAll(() => server.close());

  test('is closed eventually, whatever else it sends', async () => {
    const socket = await RawSocket.ready(server);
    const pinging = setInterval(() => socket.send({ type: 'ping' }), 20);
    expect(await socket.closed).toEqual({ code: 1000, reason: 'Idle' });
    clearInterval(pinging);
  });

  test('stays open while it runs an operation, or starts one now and then', async () => {
    const follower = await RawSocket.ready(server);
    follower.subscribe('1', { query: 'subscription { messageAdded(roomId: "quiet") { id } }' });
    const sender = await RawSocket.ready(server);
    const talking = setInterval(() => sender.subscribe('1', { query: '{ __typename }' }), 50);
    // Meanwhile, three connections without operations are closed in turn.
    for (let turn = 0; turn < 3; turn += 1) await (await RawSocket.ready(server)).closed;
    clearInterval(talking);
    expect(follower.socket.readyState).toBe(follower.socket.OPEN);
    expect(sender.socket.readyState).toBe(sender.socket.OPEN);
    await Promise.all([follower.close(), sender.close()]);
  });
});

test('closes a half-open socket', async () => {
  const server = await startServer({ redisUrl: used.redis.url, HEARTBEAT_MS: 150 });
  const connection = await RawTcp.open(server);
  await connection.write(`${upgradeHead()}\r\n`);
  // This client never answers a ping.
  await connection.closed;
  expect(connection.received).toContain('101 Switching');
  await server.close();
});
