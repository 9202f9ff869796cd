import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Groups of an IPv6 address that name a network. A client usually controls every address in its network. */
const NETWORK_GROUPS = 4;

/**
 * The network address that rate limits count a request under: an IPv4 address, or the /64 network of an IPv6
 * address. Empty if it is unknown.
 *
 * `trustedHops` is the number of our own proxies in front of this server. Each
 * appends the address that it saw to X-Forwarded-For. Entries before those were
 * written by the client and are ignored. With 0, the whole header is ignored.
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedHops: number): string {
  const peer = socket.remoteAddress ?? '';
  if (trustedHops === 0) return networkOf(peer) ?? '';
  const forwarded = headers['x-forwarded-for'];
  const seen = [forwarded ?? []].flat().join(',').split(',');
  const named = seen.at(-Math.min(trustedHops, seen.length)) ?? '';
  return networkOf(withoutPort(named.trim())) ?? networkOf(peer) ?? '';
}

/** Some proxies write `1.2.3.4:5678` or `[::1]:5678`. */
function withoutPort(text: string): string {
  return /^\[([\da-f:.%\w]+)\](?::\d+)?$/i.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** Undefined if the text is not an address. */
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

/** The groups of an IPv6 address, with `::` expanded. Only the first four have to be correct. */
function groupsOf(text: string): string[] {
  const [address = ''] = text.toLowerCase().split('%');
  const [before = '', after] = address.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  // A dotted IPv4 ending stands for two groups.
  const tailLength = tail.length + (tail.at(-1)?.includes('.') ? 1 : 0);
  const missing = after === undefined ? 0 : Math.max(8 - head.length - tailLength, 0);
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  return groups.map((group) => group.replace(/^0+(?=.)/, ''));
}
