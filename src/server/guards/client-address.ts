import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Groups of an IPv6 address that name a network: whoever has one has all addresses in it. */
const NETWORK_GROUPS = 4;

/**
 * The network address that limits count for a request. `trustedHops` proxies of ours stand before this server,
 * each of which has put the address that it saw at the end of X-Forwarded-For: what stands before those is
 * what the client says, and is not believed. 0: the header means nothing. Of IPv6 it is the network (/64).
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedHops: number): string {
  const peer = socket.remoteAddress ?? '';
  if (trustedHops === 0) return networkOf(peer) ?? '';
  const forwarded = headers['x-forwarded-for'];
  const seen = [forwarded ?? []].flat().join(',').split(',');
  const named = seen.at(-Math.min(trustedHops, seen.length)) ?? '';
  return networkOf(withoutPort(named.trim())) ?? networkOf(peer) ?? '';
}

/** `1.2.3.4:5678` and `[::1]:5678`, as some proxies write them. */
function withoutPort(text: string): string {
  return /^\[([\da-f:.%\w]+)\](?::\d+)?$/i.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** Undefined for what is no address. */
function networkOf(text: string): string | undefined {
  const mapped = /^::ffff:([\d.]+)$/i.exec(text)?.[1];
  if (mapped !== undefined && isIP(mapped) === 4) return mapped;
  switch (isIP(text)) {
    case 4:
      return text;
    case 6:
      return `${groupsOf(text).slice(0, NETWORK_GROUPS).join(':')}::/64`;
    default:
      return undefined;
  }
}

/** The groups of an IPv6 address, those too that `::` leaves out; only the first four need be right. */
function groupsOf(text: string): string[] {
  const [address = ''] = text.toLowerCase().split('%');
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  // A dotted end stands for two groups.
  const tailLength = tail.length + (tail.at(-1)?.includes('.') ? 1 : 0);
  const missing = after === undefined ? 0 : Math.max(8 - head.length - tailLength, 0);
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return groups.map((group) => group.replace(/^0+(?=.)/, ''));
}
