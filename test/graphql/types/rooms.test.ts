import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { createRoomLoaders } from '#graphql/room-loaders.js';
import { messageOf, recording, run } from '#test/graphql/recording.js';
import { ActiveRooms, ConnectionCount, RoomById } from '#test/support/documents.js';
import { otherServices } from '#test/support/services.js';

describe('rooms', () => {
  test('load their connections and last messages together', async () => {
    const { calls, data } = await run(ActiveRooms, {}, { rooms: ['a', 'bb', 'empty'] });
    expect(data).toEqual({
      activeRooms: [
        { id: 'a', connectionCount: 1, lastMessage: { id: '1000-0', content: 'message 0' } },
        { id: 'bb', connectionCount: 2, lastMessage: { id: '1000-0', content: 'message 0' } },
        { id: 'empty', connectionCount: 5, lastMessage: null },
      ],
    });
    expect(calls).toEqual([
      ['activeRooms', 100],
      ['connectionCounts', ['a', 'bb', 'empty']],
      ['lastMessages', ['a', 'bb', 'empty']],
    ]);
  });

  test('are limited to the default number if the limit is null', async () => {
    expect((await run(ActiveRooms, { limit: null })).calls).toEqual([['activeRooms', 100]]);
  });

  test('are loaded once, however many messages refer to them', async () => {
    const messages = Array.from({ length: 50 }, (_, number) => messageOf('room1', number));
    const { calls, errors } = await run(
      '{ messages(roomId: "room1") { nodes { room { id connectionCount } } } }',
      {},
      { page: { messages, hasOlder: false, hasNewer: false, head: '0' } },
    );
    expect(errors).toBeUndefined();
    expect(calls).toEqual([
      ['messages', 'room1', { take: { last: 50 } }],
      ['connectionCounts', ['room1']],
    ]);
  });

  test('can be queried one by one, even if they are empty', async () => {
    expect((await run(RoomById, { id: 'empty' })).data).toEqual({
      room: { id: 'empty', connectionCount: 5, lastMessage: null },
    });
    const { data, calls } = await run(ConnectionCount, { roomId: 'room1' });
    expect(data).toEqual({ connectionCount: 5 });
    expect(calls).toEqual([['connectionCounts', ['room1']]]);
  });

  test('are not loaded if only their ids are selected', async () => {
    expect((await run('{ room(id: "a") { id } }', {})).calls).toEqual([]);
  });
});

describe('the loaders of an operation', () => {
  test('query the store again in a later turn, so that a long subscription sees new counts', async () => {
    const { calls, contexts } = recording();
    const { rooms } = contexts.forOperation({ viewer: null, connectionId: 'c1' });
    await rooms.connectionCount('a');
    await rooms.connectionCount('a');
    expect(calls).toEqual([
      ['connectionCounts', ['a']],
      ['connectionCounts', ['a']],
    ]);
  });

  test('pass an error to all callers unchanged', async () => {
    const away = serviceUnavailable('Redis cannot be reached.');
    const unused = () => Promise.reject(new Error('not asked for'));
    const rooms = createRoomLoaders({
      eventLog: { lastMessages: unused },
      directory: { activeRooms: unused, connectionCounts: () => Promise.reject(away) },
      slowModes: otherServices().slowModes,
    });
    const outcomes = await Promise.allSettled([rooms.connectionCount('a'), rooms.connectionCount('b')]);
    expect(outcomes).toEqual([
      { status: 'rejected', reason: away },
      { status: 'rejected', reason: away },
    ]);
  });

  test('fail only for a room whose part of the store is unreachable', async () => {
    const away = serviceUnavailable('This part of Redis cannot be reached.');
    const unused = () => Promise.reject(new Error('not asked for'));
    const rooms = createRoomLoaders({
      eventLog: { lastMessages: async () => [null, away] },
      directory: { activeRooms: unused, connectionCounts: async () => [7, away] },
      slowModes: { set: unused, of: async () => [0, away] },
    });
    for (const [load, found] of [
      [rooms.connectionCount, 7],
      [rooms.lastMessage, null],
      [rooms.slowModeSeconds, 0],
    ] as const) {
      expect(await Promise.allSettled([load('a'), load('b')])).toEqual([
        { status: 'fulfilled', value: found },
        { status: 'rejected', reason: away },
      ]);
    }
  });
});
