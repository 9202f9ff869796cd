import { badInput } from '#domain/errors.js';
import type { Limits } from '#domain/limits.js';
import type { Message } from '#domain/message.js';
import type { Page, Window } from '#domain/ports/event-log.js';

/** The pagination arguments of Relay. */
export interface PageArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

/**
 * The window of history that page arguments select. Without a size, these are the newest messages, or with
 * `after` only, the first ones after it. Throws BAD_USER_INPUT if both `first` and `last` are given.
 */
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

/** A page as a Relay connection. The cursor of a message is its id. */
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
