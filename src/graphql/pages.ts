import { BEGINNING } from '#domain/cursor.js';
import { badInput } from '#domain/errors.js';
import type { Limits } from '#domain/limits.js';
import type { MessagePage, Window } from '#domain/ports/event-log.js';

/** The pagination arguments of Relay. */
export interface PageArguments {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
}

/**
 * Converts page arguments to a window. Without a size, the window is at the newest messages or, with `after`
 * only, at the first ones after it. Throws BAD_USER_INPUT if both `first` and `last` are given.
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

/**
 * Whether a window looks back into the history of a room. Without an end, a window after a cursor is of a client that
 * catches up: it must get everything up to now.
 */
export function isScrollback({ after, before }: Window): boolean {
  return after === undefined || before !== undefined;
}

/**
 * Converts a page into a Relay connection. The cursor of a message is its id. An empty page that was
 * requested without a cursor ends at the room's head, so that a client can continue from there.
 */
export function connectionOf(
  { messages, hasOlder, hasNewer, head }: MessagePage,
  { after, before }: PageArguments,
) {
  const emptyEnd = after == null && before == null && head !== BEGINNING ? head : null;
  return {
    edges: messages.map((node) => ({ cursor: node.id, node })),
    pageInfo: {
      hasPreviousPage: hasOlder,
      hasNextPage: hasNewer,
      startCursor: messages.at(0)?.id ?? null,
      endCursor: messages.at(-1)?.id ?? emptyEnd,
    },
  };
}
