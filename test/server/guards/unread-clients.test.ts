/** Clients that leave more unread than the limits allow, over every transport. */
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

describe('clients that do not read', () => {
  const used = useRedis();
  const FIELDS = Array.from({ length: 15 }, (_, at) => `a${at}: content`).join(' ');
  const FIRST = Date.now();

  beforeAll(async () => {
    const store = new Redis(used.redis.testerUrl);
    const content = '😀'.repeat(500);
    for (let at = 0; at < 500; at += 1) {
      const id = `${FIRST}-${at}`;
      const prev = at === 0 ? '0' : `${FIRST}-${at - 1}`;
      const author = { id: 'guest:Ann', name: 'Ann' };
      await store.lpush('messages:large', JSON.stringify({ id, prev, roomId: 'large', author, content }));
    }
    await store.expire('messages:large', 3_600);
    store.disconnect();
  });

  const start = async (variables: Record<string, number>) => {
    const server = await startServer({
      redisUrl: used.redis.url,
      QUERY_COST_LIMIT: 0,
      QUERY_ALIASES_LIMIT: 0,
      RESPONSE_BYTES_LIMIT: 0,
      UNREAD_BYTES_PER_CONNECTION: 0,
      ...variables,
    });
    onTestFinished(() => server.close());
    return server;
  };

  /** How many connections the server has closed because too much was unread. */
  const closedBy = async (server: TestServer) => {
    const text = await (await fetch(`${server.origin}/metrics`)).text();
    return Number(/^streamly_rejected_connections_total\{reason="unread"\} (\d+)$/m.exec(text)![1]);
  };

  const raw = async (server: TestServer, accept: string, query: string) => {
    const connection = await RawTcp.open(server);
    onTestFinished(() => connection.end());
    connection.socket.pause();
    const body = JSON.stringify({ query });
    await connection.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  };
  // Both are more than the system holds for a client.
  const SUBSCRIPTION = `subscription { messageAdded(roomId: "large", after: "${FIRST}-0") { ${FIELDS} } }`;
  const PAGES = Array.from(
    { length: 5 },
    (_, at) => `q${at}: messages(roomId: "large", last: 200) { nodes { ${FIELDS} } }`,
  );
  const QUERY = `{ ${PAGES.join(' ')} }`;
  const socket = async (server: TestServer, query: string) => {
    const client = await RawSocket.ready(server);
    onTestFinished(() => client.crash());
    client.tcp.pause();
    client.subscribe('1', { query });
  };

  test.each<[string, (server: TestServer) => Promise<void>]>([
    ['a subscription over WebSocket', (server) => socket(server, SUBSCRIPTION)],
    ['answers over WebSocket', (server) => socket(server, QUERY)],
    ['an event stream', (server) => raw(server, 'text/event-stream', SUBSCRIPTION)],
    ['a multipart stream', (server) => raw(server, 'multipart/mixed;subscriptionSpec=1.0', SUBSCRIPTION)],
    ['an answer over HTTP', (server) => raw(server, 'application/json', QUERY)],
    ['an answer as an event stream', (server) => raw(server, 'text/event-stream', QUERY)],
  ])('are closed if they have too much of %s, and others are answered', async (_what, open) => {
    const server = await start({ UNREAD_BYTES_PER_ADDRESS: 20_000 });
    for (let opened = 0; opened < 30 && (await closedBy(server)) === 0; opened += 1) await open(server);
    await until(async () => (await closedBy(server)) > 0, { what: 'a connection to be closed' });
    expect((await post(server, { query: '{ __typename }' })).status).toBe(200);
  });

  test('are closed if they have too much in all', async () => {
    const server = await start({ UNREAD_BYTES_PER_ADDRESS: 0, UNREAD_BYTES_LIMIT: 20_000 });
    await socket(server, SUBSCRIPTION);
    await until(async () => (await closedBy(server)) > 0, { what: 'the connection to be closed' });
  });
});
