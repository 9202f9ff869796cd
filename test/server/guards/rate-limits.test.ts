/** Floods of sends, connections, sessions and operations, over each transport and several nodes. */
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { EventStream } from '#test/support/clients/event-stream.js';
import { type Answer, post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { type ServerOptions, startServer, type TestServer } from '#test/support/server.js';
import { bearer, signIn } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
const ended: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(ended.splice(0).map((end) => end()));
  await used.redis.cli('FLUSHALL');
});

const FOLLOW = { query: 'subscription { messageAdded(roomId: "room1") { content } }' };
const say = (more: object = {}) => ({
  query: 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }',
  variables: { input: { roomId: 'room1', content: 'hello', ...more } },
});

/**
 * Starts a node with rate limits on the shared Redis. Their window of a minute is longer than any test. If
 * Redis is slow, a limit lets the caller pass, so the limits wait longer than by default in case the machine
 * is busy.
 */
async function node(variables: Partial<ServerOptions>): Promise<TestServer> {
  const server = await startServer({
    redisUrl: used.redis.url,
    RATE_WINDOW_SECONDS: 60,
    RATE_LIMIT_TIMEOUT_MS: 20_000,
    REDIS_TIMEOUT_MS: 20_000,
    ...JWT_ENV,
    ...variables,
  });
  ended.push(() => server.close());
  return server;
}

async function open(server: TestServer, token?: string): Promise<RawSocket> {
  const socket = await RawSocket.ready(server, { token });
  ended.push(() => socket.crash());
  return socket;
}

const codeIn = (answer: Answer) => answer.body.errors?.[0]?.extensions?.code;
const stored = async (roomId = 'room1') => Number(await used.redis.cli('LLEN', `messages:${roomId}`));

/** Starts many operations at once on one socket and returns their answers. */
async function flood(socket: RawSocket, operations: object[]): Promise<(string | undefined)[]> {
  socket.sendTogether(
    ...operations.map((payload, index) => ({ id: String(index), type: 'subscribe', payload })),
  );
  const codes: (string | undefined)[] = [];
  while (codes.length < operations.length) {
    const { type, payload } = await socket.next();
    if (type === 'complete') continue;
    const { errors } = (type === 'error' ? { errors: payload } : payload) as Answer['body'];
    codes.push(errors?.[0]?.extensions?.code as string | undefined);
  }
  return codes;
}

describe('a flood of sends', () => {
  test('by one user over 50 connections to two nodes stays within the limit per user', async () => {
    const limits = { RATE_SENDS_PER_USER: 5 };
    const nodes = [await node(limits), await node(limits)];
    const { token } = await signIn(nodes[0]!);
    const sockets = await Promise.all(
      Array.from({ length: 50 }, (_, index) => open(nodes[index % 2]!, token)),
    );
    const codes = (await Promise.all(sockets.map((socket) => flood(socket, Array(10).fill(say()))))).flat();
    expect(codes).toHaveLength(500);
    expect(codes.filter((code) => code === undefined)).toHaveLength(5);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(495);
    expect(await stored()).toBe(5);
  });

  test('by guests who change names and rooms stays within the limit per address', async () => {
    const limits = { RATE_SENDS_PER_USER: 5, RATE_SENDS_PER_ADDRESS: 20 };
    const nodes = [await node(limits), await node(limits)];
    const sockets = await Promise.all(Array.from({ length: 50 }, (_, index) => open(nodes[index % 2]!)));
    const codes = await Promise.all(
      sockets.map((socket, index) =>
        flood(
          socket,
          [0, 1, 2].map((room) => say({ author: `guest ${index}`, roomId: `room${room}` })),
        ),
      ),
    );
    expect(codes.flat().filter((code) => code === undefined)).toHaveLength(20);
    const counts = await Promise.all([0, 1, 2].map((room) => stored(`room${room}`)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(20);
  });

  test('over HTTP learns when the next send may succeed', async () => {
    const server = await node({ RATE_SENDS_PER_USER: 1, RATE_WINDOW_SECONDS: 1 });
    expect(codeIn(await post(server, say()))).toBeUndefined();
    // Take the time before the request, because its answer may be late.
    const askedAt = performance.now();
    const refused = await post(server, say());
    expect(refused.status).toBe(200);
    const { code, retryAfterMs } = refused.body.errors![0]!.extensions as {
      code: string;
      retryAfterMs: number;
    };
    expect(code).toBe('RATE_LIMITED');
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(1_000);
    await until(async () => codeIn(await post(server, say())) === undefined, { what: 'the limit to pass' });
    expect(performance.now() - askedAt).toBeGreaterThanOrEqual(retryAfterMs - 20);
  });

  test('does not include repeats of a nonce', async () => {
    const server = await node({ RATE_SENDS_PER_USER: 1, RATE_SENDS_PER_ADDRESS: 1 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(server, say({ nonce: 'n1' }))));
    expect(answers.map(codeIn)).toEqual(Array(20).fill(undefined));
    expect(await stored()).toBe(1);
  });

  test('by the platform is not limited', async () => {
    const server = await node({ RATE_SENDS_PER_USER: 1, RATE_SENDS_PER_ADDRESS: 1 });
    const service = bearer(await tokenOf({ roles: ['service'] }));
    for (let count = 0; count < 5; count += 1) {
      expect(codeIn(await post(server, say(), service))).toBeUndefined();
    }
  });
});

describe('slow mode', () => {
  const setSlowMode = (seconds: number) => ({
    query: `mutation { setSlowMode(roomId: "room1", seconds: ${seconds}) { id slowModeSeconds } }`,
  });

  test('is set by a moderator, holds on every node, and exempts moderators', async () => {
    const [here, there] = [await node({}), await node({})];
    const moderator = bearer(await tokenOf({ sub: 'mod', roles: ['moderator'] }));
    const ann = bearer((await signIn(here)).token);
    expect((await post(here, setSlowMode(30), moderator)).body.data).toEqual({
      setSlowMode: { id: 'room1', slowModeSeconds: 30 },
    });
    expect((await post(there, { query: '{ room(id: "room1") { slowModeSeconds } }' })).body.data).toEqual({
      room: { slowModeSeconds: 30 },
    });
    expect(codeIn(await post(here, say(), ann))).toBeUndefined();
    const refused = await post(there, say(), ann);
    expect(refused.body.errors?.[0]).toMatchObject({
      message: expect.stringContaining('slow mode'),
      extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) },
    });
    expect(codeIn(await post(there, say(), moderator))).toBeUndefined();
    expect(codeIn(await post(there, say(), moderator))).toBeUndefined();
    await post(here, setSlowMode(0), moderator);
    expect(codeIn(await post(there, say(), ann))).toBeUndefined();
  });

  test('is FORBIDDEN to everyone else', async () => {
    const server = await node({});
    const ann = bearer((await signIn(server)).token);
    for (const headers of [{}, ann, bearer(await tokenOf())]) {
      expect(codeIn(await post(server, setSlowMode(30), headers))).toBe('FORBIDDEN');
    }
  });
});

describe('a flood of connections', () => {
  /** The status of a WebSocket upgrade, and when to try again. */
  function upgrade(server: TestServer, headers = {}): Promise<{ status: number; retryAfter?: string }> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(server.wsUrl, ['graphql-transport-ws'], { headers });
      ended.push(() => socket.terminate());
      socket.on('open', () => resolve({ status: 101 }));
      socket.on('unexpected-response', (_request, { statusCode = 0, headers: { 'retry-after': after } }) =>
        resolve({ status: statusCode, ...(after !== undefined && { retryAfter: after }) }),
      );
      socket.on('error', reject);
    });
  }

  test('is refused before the handshake once all nodes together reach the limit', async () => {
    const limits = { RATE_CONNECTIONS_PER_ADDRESS: 10 };
    const nodes = [await node(limits), await node(limits)];
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => upgrade(nodes[index % 2]!)));
    expect(answers.filter(({ status }) => status === 101)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(40);
    for (const { retryAfter } of refused) {
      expect(Number(retryAfter)).toBeGreaterThan(50);
      expect(Number(retryAfter)).toBeLessThanOrEqual(60);
    }
  });

  test('counts event streams, but no other requests', async () => {
    const server = await node({ RATE_CONNECTIONS_PER_ADDRESS: 1 });
    const stream = await EventStream.open(server, FOLLOW);
    ended.push(() => stream.crash());
    expect(stream.status).toBe(200);
    const second = await EventStream.open(server, FOLLOW);
    expect(second.status).toBe(429);
    expect(Number(second.response.headers['retry-after'])).toBeGreaterThan(50);
    second.crash();
    expect((await upgrade(server)).status).toBe(429);
    expect(codeIn(await post(server, { query: '{ viewer { roles } }' }))).toBeUndefined();
  });

  test('counts every subscription as a stream whatever it accepts, and no query', async () => {
    const server = await node({ RATE_CONNECTIONS_PER_ADDRESS: 2, CONNECTIONS_PER_ADDRESS: 100 });
    const any = { Accept: 'application/json, text/event-stream, multipart/mixed' };
    for (let count = 0; count < 5; count += 1) {
      expect(codeIn(await post(server, { query: '{ __typename }' }, any))).toBeUndefined();
    }
    for (const Accept of ['*/*', 'multipart/mixed;subscriptionSpec=1.0, application/json']) {
      const stream = await EventStream.open(server, FOLLOW, { Accept });
      ended.push(() => stream.crash());
      expect(stream.status).toBe(200);
    }
    for (const Accept of ['*/*', 'text/event-stream, application/json', 'text/event-stream']) {
      const stream = await EventStream.open(server, FOLLOW, { Accept });
      ended.push(() => stream.crash());
      expect(stream.status).toBe(429);
      expect(Number(stream.response.headers['retry-after'])).toBeGreaterThan(50);
    }
  });

  test('cannot hide behind a header if no proxy is trusted', async () => {
    const server = await node({ RATE_CONNECTIONS_PER_ADDRESS: 1 });
    expect((await upgrade(server, { 'X-Forwarded-For': '203.0.113.1' })).status).toBe(101);
    expect((await upgrade(server, { 'X-Forwarded-For': '203.0.113.2' })).status).toBe(429);
  });

  test('is counted per address as a trusted proxy reports it, not as the client claims', async () => {
    const server = await node({ RATE_CONNECTIONS_PER_ADDRESS: 1, TRUST_PROXY: 1 });
    expect((await upgrade(server, { 'X-Forwarded-For': '203.0.113.1' })).status).toBe(101);
    expect((await upgrade(server, { 'X-Forwarded-For': '203.0.113.2' })).status).toBe(101);
    expect((await upgrade(server, { 'X-Forwarded-For': '198.51.100.7, 203.0.113.1' })).status).toBe(429);
  });

  test.each([
    ['open', 101],
    ['closed', 503],
  ])('fails %s with %i while Redis hangs, without a long wait', async (failure, status) => {
    const server = await node({
      RATE_CONNECTIONS_PER_ADDRESS: 10,
      RATE_LIMIT_FAILURE: failure,
      RATE_LIMIT_TIMEOUT_MS: 50,
    });
    used.redis.hang();
    try {
      const beganAt = performance.now();
      expect((await upgrade(server)).status).toBe(status);
      expect(performance.now() - beganAt).toBeLessThan(1_500);
    } finally {
      used.redis.resume();
    }
  });
});

describe('a flood of new rooms', () => {
  const follow = (roomId: string) => ({ query: `subscription { messageAdded(roomId: "${roomId}") { id } }` });

  test('over the limit per address is refused, over all connections and nodes', async () => {
    const limits = { RATE_ROOMS_PER_ADDRESS: 5 };
    const nodes = [await node(limits), await node(limits)];
    const sockets = await Promise.all(Array.from({ length: 10 }, (_, index) => open(nodes[index % 2]!)));
    for (const [index, socket] of sockets.entries()) {
      for (let room = 0; room < 3; room += 1) {
        socket.subscribe(String(room), follow(`new-${index}-${room}`));
      }
    }
    // 25 of 30 are refused, each with its own error. The sockets stay open.
    const refused: string[] = [];
    await until(
      async () => {
        const messages = (await Promise.all(sockets.map((socket) => socket.untilNow()))).flat();
        refused.push(
          ...messages.filter(({ type }) => type !== 'complete').map((message) => JSON.stringify(message)),
        );
        const active = await used.redis.cli('SCARD', 'rooms:active');
        return active === '5' && refused.length >= 25;
      },
      { what: 'five rooms to be active, and the others to be refused' },
    );
    expect(refused).toHaveLength(25);
    for (const message of refused) expect(message).toMatch(/new rooms.*RATE_LIMITED/);
    expect(codeIn(await post(nodes[0]!, say({ roomId: 'one-more' })))).toBe('RATE_LIMITED');
  });

  test('does not include a crowd behind one address that joins the same room', async () => {
    const limits = { RATE_ROOMS_PER_ADDRESS: 2 };
    const nodes = [await node(limits), await node(limits)];
    const sockets = await Promise.all(Array.from({ length: 30 }, (_, index) => open(nodes[index % 2]!)));
    for (const socket of sockets) socket.subscribe('live', follow('premiere'));
    await until(async () => (await used.redis.cli('SCARD', 'connections:premiere')) === '30', {
      what: 'all to have joined',
    });
    // The room exists by now, so later viewers do not count either.
    const late = await open(nodes[1]!);
    late.subscribe('live', follow('premiere'));
    await until(async () => (await used.redis.cli('SCARD', 'connections:premiere')) === '31', {
      what: 'the late one to have joined',
    });
  });

  test('by the platform is not limited', async () => {
    const server = await node({ RATE_ROOMS_PER_ADDRESS: 1 });
    const socket = await open(server, await tokenOf({ roles: ['service'] }));
    for (const room of ['p1', 'p2', 'p3']) socket.subscribe(room, follow(room));
    await until(async () => (await used.redis.cli('SCARD', 'rooms:active')) === '3', {
      what: 'three rooms to be active',
    });
  });
});

test('a flood of sessions over the limit per address is refused', async () => {
  const server = await node({ RATE_SESSIONS_PER_ADDRESS: 3 });
  const start = { query: 'mutation { startSession(name: "Ann") { token } }' };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(server, start)));
  expect(answers.filter((answer) => codeIn(answer) === undefined)).toHaveLength(3);
  expect(answers.filter((answer) => codeIn(answer) === 'RATE_LIMITED')).toHaveLength(17);
});

test('a flood of sessions counts even if the client does not wait for the answers', async () => {
  const server = await node({ RATE_SESSIONS_PER_ADDRESS: 3 });
  const body = JSON.stringify({ query: 'mutation { startSession(name: "Ann") { token } }' });
  const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  for (let count = 0; count < 30; count += 1) {
    const connection = await RawTcp.open(server);
    await connection.write(head + body);
    connection.socket.resetAndDestroy();
  }
  // This request comes after all of them.
  await until(async () => codeIn(await post(server, JSON.parse(body))) === 'RATE_LIMITED', {
    what: 'the limit',
  });
  const sessions = await used.redis.cli('KEYS', 'session:*');
  expect(sessions.split('\n')).toHaveLength(3);
});

test('a flood of operations on one connection is refused one by one, and the connection stays open', async () => {
  const server = await node({ RATE_OPERATIONS_PER_CONNECTION: 10 });
  const socket = await open(server);
  const follow = 'subscription { messageAdded(roomId: "room1", last: 1) { content } }';
  socket.subscribe('live', { query: follow });
  const codes = await flood(socket, Array(100).fill({ query: '{ viewer { roles } }' }));
  expect(codes.filter((code) => code === undefined)).toHaveLength(9);
  expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(91);
  await post(server, say());
  const delivered = { id: 'live', type: 'next', payload: { data: { messageAdded: { content: 'hello' } } } };
  let message = await socket.next();
  while (message.type === 'complete') message = await socket.next();
  expect(message).toEqual(delivered);
});
