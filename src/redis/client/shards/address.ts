import { type Address, addressText, type NatMap } from '#redis/client/address.js';

/**
 * Parses `host:port`. An IPv6 address may be in brackets or, as Redis writes it, without. The host may be empty.
 * Undefined if it is no address.
 */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|(.*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port === 0 || port > 65_535) return undefined;
  return { host: bracketed ?? plain ?? '', port };
}

/**
 * The address to connect to, from one that a node announced in CLUSTER SLOTS or in a redirection. A node that does not
 * know its own host announces none (null, an empty text or `?`): then it is the host that was asked. (Redis, CLUSTER SLOTS.)
 */
export function resolveAddress(
  announced: { readonly host: string | null | undefined; readonly port: number },
  asked: Address,
  natMap: NatMap = new Map(),
): Address {
  const { host, port } = announced;
  if (host === null || host === undefined || host === '' || host === '?') return { host: asked.host, port };
  return natMap.get(addressText({ host, port })) ?? { host, port };
}
