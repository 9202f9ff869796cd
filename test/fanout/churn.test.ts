/** However many come and go: one subscription in Redis for each room and node, and nothing left after the last. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';
import { WITHOUT_LIMITS } from './room-of-viewers.js';

const SOCKETS = 10;

const used = useRedis();

const start = (): Promise<TestServer> => startServer({ redisUrl: used.redis.url, ...WITHOUT_LIMITS });
const open = (server: TestServer): Promise<RawSocket[]> =>
  Promise.all(Array.from({ length: SOCKETS }, () => RawSocket.ready(server)));
const follow = (roomId: string) => ({ query: `subscription { messageAdded(roomId: "${roomId}") { id } }` });

/** How many subscriptions Redis counts on the room's channel. */
const subscriptions = async (roomId: string): Promise<number> =>
  Number((await used.redis.cli('pubsub', 'numsub', `messages:${roomId}`)).split('\n')[1]);
const connections = async (roomId: string): Promise<number> =>
  Number(await used.redis.cli('scard', `connections:${roomId}`));

/** Resolves once all that a socket asked for is under way: a mutation waits for the subscriptions before it. */
async function settled(socket: RawSocket): Promise<void> {
  socket.subscribe('settled', { query: 'mutation { __typename }' });
  for (;;) {
    const { id, type } = await socket.next();
    if (id === 'settled' && type === 'complete') return;
  }
}

describe('a room with a thousand viewers', () => {
  test('is one subscription in Redis for each node, and none after the last has left', async () => {
    const servers = [await start(), await start()];
    const socketsOf = await Promise.all(servers.map(open));
    for (const [index, sockets] of socketsOf.entries()) {
      for (const socket of sockets) {
        for (let operation = 0; operation < 100; operation += 1)
          socket.subscribe(`${operation}`, follow('big'));
      }
      await Promise.all(sockets.map(settled));
      expect(await subscriptions('big')).toBe(index + 1);
    }
    await until(async () => (await connections('big')) === 2 * SOCKETS, { what: 'every connection, once' });

    for (const [index, sockets] of socketsOf.entries()) {
      for (const socket of sockets) {
        for (let operation = 0; operation < 100; operation += 1) {
          socket.send({ id: `${operation}`, type: 'complete' });
        }
      }
      await until(async () => (await subscriptions('big')) === 1 - index, { what: 'one node less' });
    }
    await until(async () => (await connections('big')) === 0, { what: 'nobody in the room' });
    await Promise.all(socketsOf.flat().map((socket) => socket.close()));
    await Promise.all(servers.map((server) => server.close()));
  });
});

describe('ten thousand joins and leaves, in any order', () => {
  test('leave one subscription for each room that somebody is in, and in the end nothing', async () => {
    const before = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const server = await start();
    const sockets = await open(server);
    const step = fc.record({ socket: fc.nat(SOCKETS - 1), operation: fc.nat(30), room: fc.nat(5) });
    const [steps] = fc.sample(fc.array(step, { minLength: 10_000, maxLength: 10_000 }), {
      seed: 8,
      numRuns: 1,
    });
    /** Room by socket and operation. */
    const joined = new Map<string, string>();
    for (const [index, { socket, operation, room }] of steps!.entries()) {
      const key = `${socket}/${operation}`;
      const id = `${operation}`;
      if (joined.delete(key)) sockets[socket]!.send({ id, type: 'complete' });
      else {
        joined.set(key, `room${room}`);
        sockets[socket]!.subscribe(id, follow(`room${room}`));
      }
      // In between they wait for each other, so that not all of it is one burst.
      if (index % 1_000 === 0) await Promise.all(sockets.map(settled));
    }
    await Promise.all(sockets.map(settled));
    for (let room = 0; room <= 5; room += 1) {
      const isOccupied = [...joined.values()].includes(`room${room}`);
      const expected = isOccupied ? 1 : 0;
      await until(async () => (await subscriptions(`room${room}`)) === expected, {
        what: `${expected} subscription`,
      });
    }

    for (const key of joined.keys()) {
      const [socket, id] = key.split('/') as [string, string];
      sockets[Number(socket)]!.send({ id, type: 'complete' });
    }
    await Promise.all(sockets.map(settled));
    for (let room = 0; room <= 5; room += 1) {
      await until(async () => (await subscriptions(`room${room}`)) === 0, { what: 'no subscription' });
      await until(async () => (await connections(`room${room}`)) === 0, { what: 'nobody in the room' });
    }
    expect(await used.redis.cli('smembers', 'rooms:active')).toBe('');
    await Promise.all(sockets.map((socket) => socket.close()));
    await server.close();
    const after = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    expect(after).toBeLessThanOrEqual(before);
  });
});
