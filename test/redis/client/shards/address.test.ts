import { expect, test } from 'vitest';
import { parseAddress, resolveAddress } from '#redis/client/shards/address.js';

test.each([
  ['127.0.0.1:7000', { host: '127.0.0.1', port: 7000 }],
  ['redis-1.example.com:6379', { host: 'redis-1.example.com', port: 6379 }],
  ['[2001:db8::1]:7000', { host: '2001:db8::1', port: 7000 }],
  // Redis writes no brackets in redirections.
  ['2001:db8::1:7000', { host: '2001:db8::1', port: 7000 }],
  [':7000', { host: '', port: 7000 }],
  ['example.com', undefined],
  ['example.com:', undefined],
  ['example.com:0', undefined],
  ['example.com:65536', undefined],
  ['example.com:port', undefined],
  ['', undefined],
])('reads %j as an address', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

const asked = { host: 'asked', port: 7000 };

test.each([
  { announced: { host: 'other', port: 7001 }, expected: { host: 'other', port: 7001 } },
  { announced: { host: '', port: 7001 }, expected: { host: 'asked', port: 7001 } },
  { announced: { host: null, port: 7001 }, expected: { host: 'asked', port: 7001 } },
  { announced: { host: '?', port: 7001 }, expected: { host: 'asked', port: 7001 } },
  { announced: { host: '10.0.0.1', port: 7001 }, expected: { host: 'outside', port: 17_001 } },
  { announced: { host: '10.0.0.1', port: 7002 }, expected: { host: '10.0.0.1', port: 7002 } },
  { announced: { host: 'fd00::1', port: 7001 }, expected: { host: 'outside', port: 17_002 } },
])('connects to $expected if a node announces $announced', ({ announced, expected }) => {
  const natMap = new Map([
    ['10.0.0.1:7001', { host: 'outside', port: 17_001 }],
    ['[fd00::1]:7001', { host: 'outside', port: 17_002 }],
  ]);
  expect(resolveAddress(announced, asked, natMap)).toEqual(expected);
});
