import type { MessageAddedSubscription } from '../generated/graphql.js';

/** A message as the page has it. */
export type Message = MessageAddedSubscription['messageAdded'];

/** Below 0, 0 or above 0, as the message of one id is older than, the same as, or newer than the other. */
export function compareIds(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs - bMs || aSequence - bSequence;
}
