/** Each node subscribes once per room in Redis, and unsubscribes when the last client has left. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useRedis } from '#test/support/use-server.js';
import { WITHOUT_LIMITS } from './socket-client.js';

const SOCKETS = 10;

const used = useRedis();

const start = (): Promise<TestServer> => startServer({ redisUrl: used.redis.url, ...WITHOUT_LIMITS });
const open = (server: TestServer): Promise<RawSocket[]> =>
  Promise.all(Array.from({ length: SOCKETS }, () => RawSocket.ready(server)));
const subscriptionTo = (roomId: string) => ({
  query: `subscription { messageAdded(roomId: "${roomId}") { id } }`,
});

/** How many Redis clients, so nodes, subscribe to the room's channel. */
const nodesSubscribed = async (roomId: string): Promise<number> =>
  Number((await used.redis.cli('pubsub', 'numsub', `messages:${roomId}`)).split('\n')[1]);
/** How many connections are counted as present in the room. */
const presentConnections = async (roomId: string): Promise<number> =>
  Number(await used.redis.cli('scard', `connections:${roomId}`));

/** Resolves when all earlier subscriptions of a socket are live: a mutation is answered after them. */
async function settle(socket: RawSocket): Promise<void> {
  socket.subscribe('settled', { query: 'mutation { __typename }' });
  for (;;) {
    const { id, type } = await socket.next();
    if (id === 'settled' && type === 'complete') return;
  }
}

describe('a room with two thousand subscriptions', () => {
  test('costs one Redis subscription per node, and none after the last has left', async () => {
    const servers = [await start(), await start()];
    const socketsOf = await Promise.all(servers.map(open));
    for (const [index, sockets] of socketsOf.entries()) {
      for (const socket of sockets) {
        for (let operation = 0; operation < 100; operation += 1)
          socket.subscribe(`${operation}`, subscriptionTo('big'));
      }
      await Promise.all(sockets.map(settle));
      expect(await nodesSubscribed('big')).toBe(index + 1);
    }
    await until(async () => (await presentConnections('big')) === 2 * SOCKETS, {
      what: 'each connection to be counted once',
    });

    for (const [index, sockets] of socketsOf.entries()) {
      for (const socket of sockets) {
        for (let operation = 0; operation < 100; operation += 1) {
          socket.send({ id: `${operation}`, type: 'complete' });
        }
      }
      await until(async () => (await nodesSubscribed('big')) === 1 - index, {
        what: 'one node to unsubscribe',
      });
    }
    await until(async () => (await presentConnections('big')) === 0, { what: 'the room to be empty' });
    await Promise.all(socketsOf.flat().map((socket) => socket.close()));
    await Promise.all(servers.map((server) => server.close()));
  });
});

describe('ten thousand random joins and leaves', () => {
  test('leave one Redis subscription per occupied room, and nothing after the last has left', async () => {
    const before = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const server = await start();
    const sockets = await open(server);
    const step = fc.record({ socket: fc.nat(SOCKETS - 1), operation: fc.nat(30), room: fc.nat(5) });
    const [steps] = fc.sample(fc.array(step, { minLength: 10_000, maxLength: 10_000 }), {
      seed: 8,
      numRuns: 1,
    });
    /** The room by socket and operation id. */
    const joined = new Map<string, string>();
    for (const [index, { socket, operation, room }] of steps!.entries()) {
      const key = `${socket}/${operation}`;
      const id = `${operation}`;
      if (joined.delete(key)) sockets[socket]!.send({ id, type: 'complete' });
      else {
        joined.set(key, `room${room}`);
        sockets[socket]!.subscribe(id, subscriptionTo(`room${room}`));
      }
      // Wait from time to time, so that it is not a single burst.
      if (index % 1_000 === 0) await Promise.all(sockets.map(settle));
    }
    await Promise.all(sockets.map(settle));
    for (let room = 0; room <= 5; room += 1) {
      const isOccupied = [...joined.values()].includes(`room${room}`);
      const expected = isOccupied ? 1 : 0;
      await until(async () => (await nodesSubscribed(`room${room}`)) === expected, {
        what: `${expected} Redis subscription(s)`,
      });
    }

    for (const key of joined.keys()) {
      const [socket, id] = key.split('/') as [string, string];
      sockets[Number(socket)]!.send({ id, type: 'complete' });
    }
    await Promise.all(sockets.map(settle));
    for (let room = 0; room <= 5; room += 1) {
      await until(async () => (await nodesSubscribed(`room${room}`)) === 0, {
        what: 'no Redis subscription',
      });
      await until(async () => (await presentConnections(`room${room}`)) === 0, {
        what: 'the room to be empty',
      });
    }
    expect(await used.redis.cli('smembers', 'rooms:active')).toBe('');
    await Promise.all(sockets.map((socket) => socket.close()));
    await server.close();
    const after = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    expect(after).toBeLessThanOrEqual(before);
  });
});
