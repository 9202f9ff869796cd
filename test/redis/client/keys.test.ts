import { describe, expect, test } from 'vitest';
import {
  activeRoomsKey,
  activeRoomsKeys,
  addressLimitKey,
  channelOf,
  connectionsKey,
  limitKey,
  messagesKey,
  nodeKey,
  nonceKey,
  roomOfChannel,
  sessionKey,
  slowModeKey,
  userLimitKey,
} from '#redis/client/keys.js';

test('keys have their documented names', () => {
  expect(messagesKey('room1')).toBe('messages:room1');
  expect(connectionsKey('room1')).toBe('connections:room1');
  expect(nodeKey('n1')).toBe('node:n1');
  expect(nonceKey('room1', 'guest:Ann', 'n-1')).toBe('nonce:{messages:room1}:guest%3AAnn:n-1');
  expect(slowModeKey('room1')).toBe('slowmode:{messages:room1}');
  expect(userLimitKey('room1', 'guest:Ann')).toBe('limit:{messages:room1}:user:guest%3AAnn');
  expect(addressLimitKey('1.2.3.4')).toBe('limit:sends:1.2.3.4');
  expect(addressLimitKey('1.2.3.4', 'room1')).toBe('limit:{messages:room1}:address:1.2.3.4');
  expect(limitKey('sessions', '1.2.3.4')).toBe('limit:sessions:1.2.3.4');
  expect(sessionKey('digest')).toBe('session:digest');
  expect(channelOf('a.b', 0)).toBe('messages:a.b');
  expect(channelOf('a.b', 3)).toBe('3:messages:a.b');
  expect(roomOfChannel(channelOf('a.b', 0))).toBe('a.b');
  expect(roomOfChannel(channelOf('a.b', 3))).toBe('a.b');
});

test('different pairs of author and nonce have different keys', () => {
  const pairs = [
    ['a', 'b:c'],
    ['a:b', 'c'],
    ['a%3Ab', 'c'],
    ['a:b:c', ''],
    ['', 'a:b:c'],
    ['}', '{'],
  ] as const;
  const keys = pairs.map(([author, nonce]) => nonceKey('r', author, nonce));
  expect(new Set(keys).size).toBe(pairs.length);
  expect(nonceKey('r', '\ud800', 'n')).toBe(nonceKey('r', '\ufffd', 'n'));
});

describe('the list of active rooms', () => {
  test('is one key on one Redis', () => {
    expect(activeRoomsKeys(false)).toEqual(['rooms:active']);
    expect(activeRoomsKey('room1', false)).toBe('rooms:active');
  });

  test('has sixteen partitions in a Cluster, each with its share of the rooms', () => {
    const keys = activeRoomsKeys(true);
    expect([keys.length, keys[0], keys[15]]).toEqual([16, 'rooms:active:{0}', 'rooms:active:{15}']);
    const counts = new Map<string, number>();
    for (let number = 0; number < 16_000; number += 1) {
      const key = activeRoomsKey(`room${number}`, true);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([...keys].sort());
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });

  test('has a room in the same partition on all nodes and in all versions', () => {
    const keys = ['room1', 'room2', 'lobby', 'ü'].map((roomId) => activeRoomsKey(roomId, true));
    expect(keys).toEqual(['rooms:active:{11}', 'rooms:active:{9}', 'rooms:active:{13}', 'rooms:active:{4}']);
  });
});
