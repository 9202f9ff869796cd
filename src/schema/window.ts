import { badInput } from '../chat/errors.js';
import type { Limits } from '../chat/limits.js';
import type { Window } from '../chat/repository.js';

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
    if (first != null && last != null) throw badInput('last', 'give either "first" or "last", not both');
    if (first != null) return { first };
    if (last != null) return { last };
    return after != null && before == null
      ? { first: limits.defaultPageSize }
      : { last: limits.defaultPageSize };
  }
}
