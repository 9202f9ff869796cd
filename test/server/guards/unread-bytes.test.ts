/** How many bytes the clients of one address, and all clients, may leave unread. */
import { Redis } from 'ioredis';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Outgoing, UnreadBytes, type UnreadBytesLimits } from '#server/guards/unread-bytes.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import type { TestServer } from '#test/support/server.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';

/** Connections that hold as many unread bytes as the test says. */
function createLimit(limits: Partial<UnreadBytesLimits>) {
  const closed: string[] = [];
  let counted = 0;
  const unread = new UnreadBytes({ perAddress: 0, inAll: 0, ...limits }, () => {
    counted += 1;
  });
  onTestFinished(() => {
    unread.close();
    expect(counted).toBe(closed.length);
  });
  const connect = (address: string, name: string) => {
    const outgoing = {
      address,
      unreadBytes: 0,
      terminate: () => {
        outgoing.unreadBytes = 0;
        closed.push(name);
      },
    } satisfies Outgoing;
    return {
      leave: (bytes: number) => {
        outgoing.unreadBytes = bytes;
        unread.look(outgoing);
      },
      read: () => {
        outgoing.unreadBytes = 0;
      },
    };
  };
  return { unread, closed, connect };
}

describe('the limit per address', () => {
  test('closes the connection that holds most of the address that has too much', () => {
    const { closed, connect } = createLimit({ perAddress: 1_000 });
    connect('a', 'small').leave(200);
    connect('a', 'large').leave(700);
    connect('b', 'elsewhere').leave(900);
    expect(closed).toEqual([]);
    connect('a', 'last').leave(300);
    expect(closed).toEqual(['large']);
  });

  test('closes as many as it takes to free a tenth', () => {
    const { closed, connect, unread } = createLimit({ perAddress: 1_000 });
    for (const name of ['one', 'two', 'three', 'four']) connect('a', name).leave(250);
    connect('a', 'five').leave(1_000);
    connect('a', 'six').leave(900);
    expect(closed).toEqual(['five', 'one', 'six']);
    expect(unread.bytes).toBe(750);
  });

  test('does not count what was read, or closed, in the meantime', () => {
    const { closed, connect, unread } = createLimit({ perAddress: 1_000 });
    for (let round = 0; round < 10; round += 1) {
      const connection = connect('a', `${round}`);
      connection.leave(900);
      connection.read();
    }
    connect('a', 'last').leave(950);
    expect(closed).toEqual([]);
    expect(unread.bytes).toBe(950);
  });
});

describe('the limit in all', () => {
  test('closes connections of the address that holds most, not the one that was written to', () => {
    const { closed, connect } = createLimit({ inAll: 1_000 });
    for (const name of ['one', 'two', 'three', 'four']) connect('many', name).leave(150);
    connect('single', 'slow').leave(390);
    connect('other', 'slow').leave(20);
    expect(closed).toEqual(['one']);
  });

  test('is not reached by an address that has its own limit', () => {
    const { closed, connect } = createLimit({ perAddress: 500, inAll: 1_000 });
    connect('b', 'innocent').leave(400);
    for (let count = 0; count < 100; count += 1) connect('a', 'stalled').leave(100);
    expect(closed.length).toBeGreaterThan(90);
    expect(new Set(closed)).toEqual(new Set(['stalled']));
  });
});

test('closes nothing without limits', () => {
  const { closed, connect } = createLimit({});
  connect('a', 'large').leave(1_000_000_000);
  expect(closed).toEqual([]);
});

test('forgets connections that have read everything', async () => {
  const { unread, connect } = createLimit({ inAll: 1_000 });
  const connection = connect('a', 'slow');
  connection.leave(500);
  expect(unread.bytes).toBe(500);
  connection.read();
  await until(() => unread.bytes === 0, { what: 'the bytes to be forgotten' });
});

describe('clients that do not read', () => {
  const used = useRedis();
  const FIELDS = Array.from({ length: 15 }, (_, at) => `a${at}: content`).join(' ');
  const FIRST = Date.now();

  beforeAll(async () => {
    const store = new Redis(used.redis.url);
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
