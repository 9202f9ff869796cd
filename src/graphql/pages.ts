import { badInput } from '#domain/errors.js';
import type { Limits } from '#domain/limits.js';
import type { Message } from '#domain/message.js';
import type { Page, Window } from '#domain/ports/event-log.js';

/** The arguments of a page, as Relay names them. */
export interface PageArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

/** What a page's arguments ask for: without a size, the newest; after a cursor alone, the first after it. */
export function windowOf({ first, last, after, before }: PageArguments, limits: Limits): Window {
  return {
    ...(after != null && { after }),
    ...(before != null && { before }),
    take: takeOf(),
  };

  function takeOf(): Window['take'] {
    if (first != null && last != null) throw badInput('last', 'cannot be combined with first');
    if (first != null) return { first };
    if (last != null) return { last };
    return after != null && before == null
      ? { first: limits.defaultPageSize }
      : { last: limits.defaultPageSize };
  }
}

/** A page in the shape of a Relay connection: a message's cursor is its id. */
export function connectionOf({ messages, hasOlder, hasNewer }: Page) {
  return {
    edges: messages.map((node: Message) => ({ cursor: node.id, node })),
    pageInfo: {
      hasPreviousPage: hasOlder,
      hasNextPage: hasNewer,
      startCursor: messages.at(0)?.id ?? null,
      endCursor: messages.at(-1)?.id ?? null,
    },
  };
}
