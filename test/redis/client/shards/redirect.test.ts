import { expect, test } from 'vitest';
import { parseRedirect } from '#redis/client/shards/redirect.js';

const asked = { host: 'asked', port: 7000 };

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

test.each([
  ['MOVED 3999 127.0.0.1:6381', { kind: 'moved', slot: 3999, to: { host: '127.0.0.1', port: 6381 } }],
  ['MOVED 3999 :6381', { kind: 'moved', slot: 3999, to: { host: 'asked', port: 6381 } }],
  ['MOVED 3999 ?:6381', { kind: 'moved', slot: 3999, to: { host: 'asked', port: 6381 } }],
  ['MOVED 3999 fd00::1:6381', { kind: 'moved', slot: 3999, to: { host: 'fd00::1', port: 6381 } }],
  [
    'ASK 1 redis-2.example.com:6381',
    { kind: 'ask', slot: 1, to: { host: 'redis-2.example.com', port: 6381 } },
  ],
  ['ASK 1 10.0.0.1:6381', { kind: 'ask', slot: 1, to: { host: 'outside', port: 16_381 } }],
  ['TRYAGAIN Multiple keys request during rehashing of slot', { kind: 'try again' }],
  ['CLUSTERDOWN Hash slot not served', undefined],
  ["CROSSSLOT Keys in request don't hash to the same slot", undefined],
  ['MOVED 3999', undefined],
  ['MOVEDX 3999 127.0.0.1:6381', undefined],
])('reads %j', (message, expected) => {
  const natMap = new Map([['10.0.0.1:6381', { host: 'outside', port: 16_381 }]]);
  expect(parseRedirect(reply(message), asked, natMap)).toEqual(expected);
});

test('does not take the error of a connection for a redirection', () => {
  expect(parseRedirect(new Error('MOVED 3999 127.0.0.1:6381'), asked)).toBeUndefined();
  expect(parseRedirect('MOVED 3999 127.0.0.1:6381', asked)).toBeUndefined();
});
