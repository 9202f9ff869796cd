import { queryObjects } from 'node:v8';
import { expect, onTestFinished, test } from 'vitest';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import { Subscriber } from '#fanout/delivery/subscriber.js';
import { Room } from '#fanout/room.js';
import { WebSocketSink } from '#server/websocket/sink.js';
import { connectionCount } from '#test/support/ask.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { startRedis } from '#test/support/redis-server.js';
import { startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { HEAVY } from './fixture.js';

const query = 'subscription ($roomId: ID!, $last: Int) { messageAdded(roomId: $roomId, last: $last) { id } }';
const SOCKETS = 20;
const TIMES = 10_000;
const ROOMS = 20;

/** Counts the live objects of a subscription in this process, after a garbage collection. */
function alive(): Record<string, number> {
  const kinds = [Room, Subscriber, SharedStream, WebSocketSink];
  return Object.fromEntries(kinds.map((kind) => [kind.name, queryObjects(kind, { format: 'count' })]));
}

/** Counts the timers and sockets that keep this process running. */
function resources(): Record<string, number> {
  const count = (kind: string) => process.getActiveResourcesInfo().filter((each) => each === kind).length;
  return { timers: count('Timeout'), sockets: count('TCPSocketWrap') };
}

test('10,000 quick subscribes and cancels leave no channel, key, timer or object behind', HEAVY, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  const limits = { OPERATIONS_PER_CONNECTION: 0 };
  const server = await startServer({ redisUrl: redis.url, PRESENCE_HEARTBEAT_MS: 500, ...limits });
  onTestFinished(() => server.close());
  const warnings: string[] = [];
  const warned = (warning: Error) => {
    if (warning.name === 'MaxListenersExceededWarning') warnings.push(String(warning));
  };
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => RawSocket.ready(server)));
  // One open subscription has one object of each kind. This shows that a count of zero means something.
  sockets[0]!.subscribe('open', { query, variables: { roomId: 'room1' } });
  await answered(sockets[0]!, 0);
  expect(alive()).toEqual({ Room: 1, Subscriber: 1, SharedStream: 1, WebSocketSink: 1 });
  sockets[0]!.send({ id: 'open', type: 'complete' });
  const before = resources();

  // Cancel in the same write, a turn later, or after the room has answered, with new and with reused ids.
  const turn = async (socket: RawSocket, number: number): Promise<void> => {
    const id = number % 5 === 0 ? 'again' : String(number);
    const variables = { roomId: `room${number % ROOMS}`, last: number % 3 };
    const cancel = { id, type: 'complete' };
    socket.send({ id, type: 'subscribe', payload: { query, variables } });
    if (number % 3 === 1) await new Promise((resolve) => setImmediate(resolve));
    if (number % 3 === 2) await answered(socket, number);
    socket.send(cancel);
  };
  await Promise.all(
    sockets.map(async (socket, first) => {
      for (let number = first; number < TIMES; number += SOCKETS) await turn(socket, number);
      await answered(socket, TIMES);
    }),
  );

  const channels = () => redis.cli('PUBSUB', 'CHANNELS');
  await until(async () => (await channels()) === '', { what: 'every channel to be closed' });
  let left = {};
  const nothingLeft = () => {
    left = alive();
    return Object.values(left).every((count) => count === 0);
  };
  await until(nothingLeft, { what: 'every object of a subscription to be collected', interval: 500 });
  const keys = async () => (await redis.cli('KEYS', '*')).split('\n');
  await until(async () => (await keys()).every((key) => /^(node|lock):/.test(key)), {
    what: 'every room and connection to be removed from Redis',
  });
  await until(() => Object.entries(resources()).every(([kind, count]) => count <= before[kind]!), {
    what: 'every timer and socket to be released',
  });
  expect(await connectionCount(server, 'room1')).toBe(0);
  expect(warnings).toEqual([]);
  console.log(`subscribed and cancelled ${TIMES} times, left: ${JSON.stringify(left)}`);
  await Promise.all(sockets.map((socket) => socket.close()));
});

/** Runs another operation and waits for its answer, which comes after all earlier ones. */
async function answered(socket: RawSocket, number: number): Promise<void> {
  const id = `answer ${number}`;
  socket.send({ id, type: 'subscribe', payload: { query: 'mutation { __typename }' } });
  for (;;) {
    const message = await socket.next();
    if (message.id === id && message.type === 'complete') return;
  }
}
