/** The keys connections:{room}, node:{id} and rooms:active are right, however clients leave. */
import { request as httpRequest } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventStream } from '#test/support/clients/event-stream.js';
import { paramsOf, run } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { ActiveRooms, ConnectionCount, MessageAdded, RoomById } from '#test/support/documents.js';
import { say } from '#test/support/say.js';
import { spawnServer, startServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ NODE_ID: 'here' });

let rooms = 0;
const newRoom = () => `room-${++rooms}`;

async function members(roomId: string): Promise<string[]> {
  const text = await used.redis.cli('SMEMBERS', `connections:${roomId}`);
  return text === '' ? [] : text.split('\n');
}
const isActive = async (roomId: string) =>
  (await used.redis.cli('SISMEMBER', 'rooms:active', roomId)) === '1';
const untilMembers = (roomId: string, count: number) =>
  until(async () => (await members(roomId)).length === count, { what: `${count} connections in ${roomId}` });
const untilInactive = (roomId: string) =>
  until(async () => !(await isActive(roomId)), { what: `${roomId} to be inactive` });

const subscribe = (socket: RawSocket, id: string, roomId: string) =>
  socket.subscribe(id, paramsOf(MessageAdded, { roomId }));

async function openSocket(): Promise<RawSocket> {
  const socket = await RawSocket.ready(used.server);
  onTestFinished(() => socket.socket.terminate());
  return socket;
}

describe('a connection', () => {
  test('counts while it has a live subscription, not while it is only open', async () => {
    const roomId = newRoom();
    const socket = await openSocket();
    expect(await members(roomId)).toEqual([]);

    subscribe(socket, '1', roomId);
    await untilMembers(roomId, 1);
    expect(await members(roomId)).toEqual([expect.stringMatching(/^here:\w+$/)]);
    expect(await isActive(roomId)).toBe(true);

    socket.send({ id: '1', type: 'complete' });
    await untilMembers(roomId, 0);
    await untilInactive(roomId);
    expect(await socket.untilNow()).toEqual([]);
  });

  test('counts once in a room, however many operations it has there', async () => {
    const roomId = newRoom();
    const socket = await openSocket();
    for (const id of ['1', '2', '3']) subscribe(socket, id, roomId);
    socket.subscribe('live', { query: 'mutation { __typename }' });
    await socket.take(2);
    await untilMembers(roomId, 1);

    socket.send({ id: '1', type: 'complete' }, { id: '2', type: 'complete' });
    await say(used.server, roomId, 'for the third');
    expect(await socket.next()).toMatchObject({ id: '3' });
    expect(await members(roomId)).toHaveLength(1);

    socket.send({ id: '3', type: 'complete' });
    await untilMembers(roomId, 0);
  });

  test('counts in each room that it is subscribed to', async () => {
    const [one, two] = [newRoom(), newRoom()];
    const socket = await openSocket();
    subscribe(socket, '1', one);
    subscribe(socket, '2', two);
    await untilMembers(one, 1);
    await untilMembers(two, 1);
    expect(await members(one)).toEqual(await members(two));
  });

  test.each([
    ['closes its socket', (socket: RawSocket) => socket.socket.close(1000)],
    ['ends its TCP connection', (socket: RawSocket) => socket.tcp.end()],
    ['crashes', (socket: RawSocket) => socket.crash()],
    ['is disconnected for an invalid message', (socket: RawSocket) => socket.send('nonsense')],
  ])('stops counting if its client %s', async (_what, leave) => {
    const roomId = newRoom();
    const [stays, goes] = [await openSocket(), await openSocket()];
    subscribe(stays, '1', roomId);
    subscribe(goes, '1', roomId);
    await untilMembers(roomId, 2);

    leave(goes);
    await untilMembers(roomId, 1);
    expect(await isActive(roomId)).toBe(true);
    stays.socket.terminate();
    await untilMembers(roomId, 0);
    await untilInactive(roomId);
  });

  test('stops counting if its client leaves while subscribing', async () => {
    const roomId = newRoom();
    for (let count = 0; count < 20; count++) {
      const socket = await openSocket();
      subscribe(socket, '1', roomId);
      if (count % 2 === 0) socket.crash();
      else socket.socket.close();
    }
    const last = await openSocket();
    subscribe(last, '1', roomId);
    await until(async () => (await members(roomId)).length === 1, {
      what: 'only the last connection to remain',
    });
  });

  test('counts over SSE until its request ends', async () => {
    const roomId = newRoom();
    const stream = await EventStream.open(used.server, paramsOf(MessageAdded, { roomId }));
    await untilMembers(roomId, 1);
    stream.crash();
    await untilMembers(roomId, 0);
    await untilInactive(roomId);
  });

  test('stops counting if its client leaves while subscribing over SSE', async () => {
    const roomId = newRoom();
    const body = JSON.stringify(paramsOf(MessageAdded, { roomId }));
    for (let count = 0; count < 20; count++) {
      const asked = httpRequest(used.server.url, {
        method: 'POST',
        headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
      });
      asked.on('error', () => undefined);
      await new Promise<void>((resolve) => asked.end(body, resolve));
      asked.destroy();
    }
    const last = await EventStream.open(used.server, paramsOf(MessageAdded, { roomId }));
    await until(async () => (await members(roomId)).length === 1, {
      what: 'only the last connection to remain',
    });
    last.crash();
    await untilMembers(roomId, 0);
    const metrics = async () => (await fetch(`${used.server.origin}/metrics`)).text();
    await until(async () => (await metrics()).includes('streamly_connections{transport="sse"} 0'), {
      what: 'every stream to end',
    });
  });

  test('counts the same in connectionCount, room and activeRooms', async () => {
    const roomId = newRoom();
    const sockets = await Promise.all([openSocket(), openSocket(), openSocket()]);
    for (const socket of sockets) subscribe(socket, '1', roomId);
    await untilMembers(roomId, 3);

    expect(await run(used.server, ConnectionCount, { roomId })).toEqual({ connectionCount: 3 });
    expect((await run(used.server, RoomById, { id: roomId })).room.connectionCount).toBe(3);
    // The list may be a second old.
    const first = async () => (await run(used.server, ActiveRooms, { limit: 1 })).activeRooms;
    await until(async () => (await first())[0]?.id === roomId, { what: 'the room to be listed first' });
    expect(await first()).toEqual([{ id: roomId, connectionCount: 3, lastMessage: null }]);
  });
});

describe('a room', () => {
  test('is active while it holds messages, even without connections', async () => {
    const roomId = newRoom();
    await say(used.server, roomId, 'Hello');
    expect(await isActive(roomId)).toBe(true);

    const socket = await openSocket();
    subscribe(socket, '1', roomId);
    await untilMembers(roomId, 1);
    socket.socket.terminate();
    await untilMembers(roomId, 0);
    expect(await isActive(roomId)).toBe(true);
  });

  test('is no longer active or listed without messages and connections', async () => {
    // Its node sweeps soon, and messages expire after a second.
    const sweeping = await startServer({
      redisUrl: used.redis.url,
      MESSAGE_TTL_SECONDS: 1,
      PRESENCE_HEARTBEAT_MS: 100,
    });
    onTestFinished(() => sweeping.close());
    const roomId = newRoom();
    await say(sweeping, roomId, 'Hello');
    expect(await isActive(roomId)).toBe(true);

    await until(async () => (await used.redis.cli('EXISTS', `messages:${roomId}`)) === '0', {
      what: 'the messages to expire',
    });
    await until(
      async () => (await run(sweeping, ActiveRooms, {})).activeRooms.every(({ id }) => id !== roomId),
      { what: 'the list to omit the room' },
    );
    await untilInactive(roomId);
  });
});

describe('a node', () => {
  test('removes its connections, rooms and heartbeat when it closes', async () => {
    const leaving = await spawnServer({ redisUrl: used.redis.url, NODE_ID: 'leaving' });
    onTestFinished(() => leaving.close());
    const [own, shared] = [newRoom(), newRoom()];
    const there = await RawSocket.ready(leaving);
    subscribe(there, '1', own);
    subscribe(there, '2', shared);
    subscribe(await openSocket(), '1', shared);
    await untilMembers(own, 1);
    await untilMembers(shared, 2);
    expect(await used.redis.cli('EXISTS', 'node:leaving')).toBe('1');

    leaving.signal('SIGTERM');
    expect(await leaving.exited).toBe(0);

    expect(await members(own)).toEqual([]);
    expect(await isActive(own)).toBe(false);
    expect(await members(shared)).toEqual([expect.stringMatching(/^here:/)]);
    expect(await used.redis.cli('EXISTS', 'node:leaving')).toBe('0');
  });

  test('is swept by another node if it is killed', async () => {
    const variables = { redisUrl: used.redis.url, PRESENCE_HEARTBEAT_MS: 100 };
    const other = await startServer({ ...variables, NODE_ID: 'sweeper' });
    onTestFinished(() => other.close());
    const killed = await spawnServer({ ...variables, NODE_ID: 'killed' });
    onTestFinished(() => killed.close());
    const roomId = newRoom();
    const socket = await RawSocket.ready(killed);
    subscribe(socket, '1', roomId);
    await untilMembers(roomId, 1);

    killed.signal('SIGKILL');
    await killed.exited;

    await untilMembers(roomId, 0);
    await untilInactive(roomId);
  });
});
