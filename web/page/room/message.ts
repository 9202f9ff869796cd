import type { MessageAddedSubscription } from '../generated/graphql.js';

/** A message with the fields that the page selects. */
export type Message = MessageAddedSubscription['messageAdded'];

/** Compares two message ids by age, as `Array.sort` expects: negative if `a` is older than `b`. */
export function compareIds(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs - bMs || aSequence - bSequence;
}
