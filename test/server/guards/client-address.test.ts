import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { addressOf } from '#server/guards/client-address.js';

function from(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  return {
    socket: { remoteAddress },
    headers: { 'x-forwarded-for': forwarded },
  } as unknown as IncomingMessage;
}

describe('without a proxy', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ])('%s counts as %s', (address, counted) => {
    expect(addressOf(from(address), 0)).toBe(counted);
  });

  test('ignores what the client claims in a header', () => {
    expect(addressOf(from('192.0.2.1', '203.0.113.9'), 0)).toBe('192.0.2.1');
  });
});

describe('behind', () => {
  test.each([
    ['one proxy', 1, '203.0.113.9', '203.0.113.9'],
    ['one proxy whose client sends a false address', 1, '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['two proxies', 2, '203.0.113.9, 10.0.0.1', '203.0.113.9'],
    ['two proxies whose client sends a false address', 2, '198.51.100.1,203.0.113.9,10.0.0.1', '203.0.113.9'],
    ['two proxies, one of which was bypassed', 2, '203.0.113.9', '203.0.113.9'],
    ['a proxy that sends a port', 1, '203.0.113.9:4711', '203.0.113.9'],
    ['a proxy that sends an IPv6 address with a port', 1, '[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['a proxy that sends nonsense', 1, 'unknown', '192.0.2.1'],
    ['a proxy that sends an injection', 1, 'x\r\ny}:*', '192.0.2.1'],
    ['a proxy that sends an empty header', 1, '', '192.0.2.1'],
    ['a proxy that sends no header', 1, undefined, '192.0.2.1'],
  ])('%s', (_what, hops, forwarded, counted) => {
    expect(addressOf(from('192.0.2.1', forwarded), hops)).toBe(counted);
  });
});
