import type { Address, NatMap } from '#redis/client/address.js';
import { isReply } from '#redis/client/errors.js';
import { parseAddress, resolveAddress } from './address.js';

/** What a shard asks for instead of executing a command. */
export type Redirect =
  /** The slot belongs to another shard now. */
  | { readonly kind: 'moved'; readonly slot: number; readonly to: Address }
  /** The slot is moving, and these keys may be on the other shard already. Ask there, this once. */
  | { readonly kind: 'ask'; readonly slot: number; readonly to: Address }
  /** The slot is moving, and the keys of the command are on both sides. */
  | { readonly kind: 'try again' };

/** Reads the redirection in an error of the shard at `asked`. Undefined if it is another error. */
export function parseRedirect(error: unknown, asked: Address, natMap?: NatMap): Redirect | undefined {
  if (!(error instanceof Error) || !isReply(error)) return undefined;
  const [code, slot, target = ''] = error.message.split(' ');
  if (code === 'TRYAGAIN') return { kind: 'try again' };
  if (code !== 'MOVED' && code !== 'ASK') return undefined;
  const announced = parseAddress(target);
  if (announced === undefined) return undefined;
  const to = resolveAddress(announced, asked, natMap);
  return { kind: code === 'MOVED' ? 'moved' : 'ask', slot: Number(slot), to };
}
