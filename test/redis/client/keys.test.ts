import { expect, test } from 'vitest';
import {
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
