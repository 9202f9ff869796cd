/** After a retraction, neither a node's memory nor Redis contains the text. */
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { paramsOf, post } from '#test/support/clients/http.js';
import { eventStream, type Following, webSocket } from '#test/support/clients/transports.js';
import {
  MessageAdded,
  Messages,
  RetractMessages,
  RoomById,
  RoomEvents,
  RoomUpdated,
  SendMessage,
} from '#test/support/documents.js';
import { INSPECTABLE, NodeMemory } from '#test/support/node-memory.js';
import { RawWebSocket } from '#test/support/raw-web-socket.js';
import { bearer } from '#test/support/sign-in.js';
import { JWT_ENV, tokenOf } from '#test/support/tokens.js';
import { until } from '#test/support/until.js';
import { HEAVY, startSite } from './fixture.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('neither the memory of a node nor any key in Redis contains a retracted text', HEAVY, async () => {
  const site = await startSite({
    nodes: 0,
    variables: { ...JWT_ENV, ALLOW_GUESTS: 'true', ROOM_LOG_CAPACITY: 10_000 },
  });
  const node = await site.addNode({ NODE_OPTIONS: INSPECTABLE });
  const memory = await NodeMemory.of(node);
  cleanups.push(() => memory.close());
  const roomId = 'room1';
  const moderator = bearer(await tokenOf({ sub: 'mod', roles: ['moderator'] }));
  const send = async (content: string, nonce?: string): Promise<string> => {
    const params = paramsOf(SendMessage, { input: { roomId, content, author: 'Ann', nonce } });
    return ((await post(node, params)).body.data as { sendMessage: { id: string } }).sendMessage.id;
  };
  /** Whatever keys hold, as text. */
  const inRedis = async (text: string): Promise<string[]> => {
    const keys = (await site.redis.cli('KEYS', '*')).split('\n');
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await site.redis.cli('TYPE', key);
        if (type === 'list') return `${key} ${await site.redis.cli('LRANGE', key, '0', '-1')}`;
        if (type === 'hash') return `${key} ${await site.redis.cli('HGETALL', key)}`;
        return type === 'string' ? `${key} ${await site.redis.cli('GET', key)}` : key;
      }),
    );
    return values.filter((value) => value.includes(text));
  };

  const live: Following<unknown>[] = [];
  for (const transport of [webSocket, eventStream]) {
    live.push(await transport.follow(node, MessageAdded, { roomId }));
    live.push(await transport.follow(node, RoomEvents, { roomId }));
    live.push(await transport.follow(node, RoomUpdated, { roomId }));
  }
  const first = await send('first');
  // A client that does not read, so that the node keeps a cursor for it.
  let isStalled = false;
  const stalled = new RawWebSocket(node, {
    opened: () => stalled.send({ type: 'connection_init' }),
    text: (payload) => {
      if (!String(payload).includes('connection_ack')) return;
      const payloadOf = {
        query:
          'subscription { roomEvents(roomId: "room1") { cursor ... on MessageSent { message { content } } } }',
      };
      stalled.send({ id: '1', type: 'subscribe', payload: payloadOf });
      stalled.pause();
      isStalled = true;
    },
    closed: () => undefined,
  });
  cleanups.push(() => stalled.drop());
  await until(() => isStalled, { what: 'a stalled client' });

  const secret = randomBytes(12).toString('hex');
  const id = await send(`${secret} is a secret`, 'n1');
  // It is in frames, batches, pages, the latest value of the room, and answers.
  live.push(await webSocket.follow(node, MessageAdded, { roomId, last: 5 }));
  live.push(await eventStream.follow(node, RoomEvents, { roomId, after: first }));
  await post(node, paramsOf(Messages, { roomId, last: 5 }));
  await post(node, paramsOf(RoomById, { id: roomId }));
  const before = await memory.find(secret);
  expect(before.strings).not.toEqual([]);
  expect(before.buffers).not.toEqual([]);
  expect(await inRedis(secret)).toHaveLength(1);

  const { body } = await post(node, paramsOf(RetractMessages, { roomId, ids: [id] }), moderator);
  expect(body.data).toEqual({ retractMessages: { retracted: [id], missing: [] } });
  const again = await webSocket.follow(node, RoomEvents, { roomId, last: 1 });
  live.push(again);
  expect(await again.next()).toMatchObject({ roomEvents: { cursor: first } });

  await until(
    async () => {
      // Node allocates small Buffers from a block of 8 KB, where freed ones remain until others take their place.
      for (let count = 0; count < 100; count += 1) await send('other');
      const { strings, buffers } = await memory.find(secret);
      return strings.length + buffers.length === 0;
    },
    { what: 'the text to be gone', timeout: 60_000, interval: 500 },
  );
  expect(await inRedis(secret)).toEqual([]);
  for (const following of live) following.leave();
});
