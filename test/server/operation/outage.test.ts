/** While Redis is down, operations fail quickly with a clear error. Connections stay open and recover. */
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { eventStream, http, webSocket } from '#test/support/clients/transports.js';
import {
  ActiveRooms,
  ConnectionCount,
  MessageAdded,
  Messages,
  SendMessage,
} from '#test/support/documents.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { say } from '#test/support/say.js';
import { startServer, type TestServer, untilReady } from '#test/support/server.js';
import { until } from '#test/support/until.js';

const roomId = 'room1';
const OPERATIONS = [
  ['a query', paramsOf(Messages, { roomId })],
  ['a count', paramsOf(ConnectionCount, { roomId })],
  ['the active rooms', paramsOf(ActiveRooms, {})],
  ['a send', paramsOf(SendMessage, { input: { roomId, content: 'Hello' } })],
] as const;
const SUBSCRIBE = paramsOf(MessageAdded, { roomId });

const UNAVAILABLE = { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] };

let redis: RedisServer;
let server: TestServer;
beforeEach(async () => {
  redis = await startRedis({ appendonly: true });
  server = await startServer({ redisUrl: redis.url, REDIS_TIMEOUT_MS: 800 });
  await untilReady(server);
});
afterEach(async () => {
  redis.resume();
  await server.close();
  await redis.close();
});

/** Expects no details of the failure. */
function expectUnavailable(result: object): void {
  expect(result).toMatchObject(UNAVAILABLE);
  expect(JSON.stringify(result)).not.toMatch(/redis|ECONN|127\.0\.0\.1|timed out|stack|node_modules|\.js/i);
}

const OUTAGES = {
  'is down': { begin: () => redis.kill(), end: () => redis.restart() },
  hangs: { begin: async () => redis.hang(), end: async () => redis.resume() },
};

describe.each(Object.entries(OUTAGES))('when Redis %s', (_how, { begin, end }) => {
  test.each([http, webSocket, eventStream])(
    'every query and send over $name fails with SERVICE_UNAVAILABLE',
    async ({ ask }) => {
      await begin();
      for (const [, params] of OPERATIONS) expectUnavailable(await ask(server, params));
      await end();
      await untilReady(server);
      for (const [, params] of OPERATIONS) expect((await ask(server, params)).errors).toBeUndefined();
    },
  );

  test.each([webSocket, eventStream])(
    'a new subscription over $name fails with SERVICE_UNAVAILABLE',
    async ({ ask, follow }) => {
      await begin();
      expectUnavailable(await ask(server, SUBSCRIBE));
      await end();
      await untilReady(server);
      const following = await follow(server, MessageAdded, { roomId });
      await say(server, roomId, 'Hello');
      expect((await following.next()).messageAdded.content).toBe('Hello');
      following.leave();
    },
  );

  test.each([webSocket, eventStream])(
    'a live subscription over $name stays open and misses nothing',
    async ({ follow }) => {
      const following = await follow(server, MessageAdded, { roomId });
      const other = await startServer({ redisUrl: redis.url });
      onTestFinished(() => other.close());
      await say(other, roomId, 'before');
      await begin();
      await end();
      // Any node may be the first to reconnect, so this one may not be connected yet.
      await until(() => say(other, roomId, 'after'), { what: 'the other node to be connected' });
      const contents = (await following.take(2)).map(({ messageAdded }) => messageAdded.content);
      expect(contents).toEqual(['before', 'after']);
      following.leave();
    },
  );

  test('a connection stays open, answers pings, and works again afterwards', async () => {
    const socket = await RawSocket.ready(server);
    await begin();
    for (const [what, params] of [...OPERATIONS, ['a subscription', SUBSCRIBE] as const]) {
      socket.subscribe(what, params);
      const result = await socket.next();
      expect(result.id).toBe(what);
      expectUnavailable(result.payload as object);
      expect(await socket.next()).toEqual({ id: what, type: 'complete' });
    }
    expect(await socket.untilNow()).toEqual([]);

    await end();
    await untilReady(server);
    socket.subscribe('follow', SUBSCRIBE);
    socket.subscribe('send', OPERATIONS[3][1]);
    const messages = await socket.take(3);
    const dataOf = (id: string) => messages.find((message) => message.id === id)?.payload;
    expect(dataOf('follow')).toMatchObject({ data: { messageAdded: { content: 'Hello' } } });
    expect(dataOf('send')).toMatchObject({ data: { sendMessage: { content: 'Hello' } } });
    await socket.close();
  });
});
