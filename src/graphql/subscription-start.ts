import { badInput } from '#domain/errors.js';
import type { InputRules } from '#domain/limits.js';
import type { Start } from '#fanout/start-position.js';
import { validateArgument } from './validation.js';

/** The arguments of a subscription to a room. */
export interface SubscriptionArguments {
  roomId: string;
  after?: string | null;
  last?: number | null;
}

/**
 * The room of a subscription and the position to start from. An event
 * stream reconnects with its original arguments, so `lastEventId` overrides
 * them if it is a cursor. Throws BAD_USER_INPUT for an invalid argument.
 *
 * Subscriptions call this instead of using `validate`, which would check the arguments again for each event.
 */
export function subscriptionStart(
  { roomId, after, last }: SubscriptionArguments,
  rules: InputRules,
  lastEventId?: string,
): { roomId: string; start: Start } {
  validateArgument(rules.roomId, 'roomId', roomId);
  if (lastEventId !== undefined && rules.cursor.safeParse(lastEventId).success) {
    return { roomId, start: { from: 'after', cursor: lastEventId } };
  }
  if (after != null && last != null) throw badInput('last', 'cannot be combined with after');
  if (after != null) {
    validateArgument(rules.cursor, 'after', after);
    return { roomId, start: { from: 'after', cursor: after } };
  }
  if (last == null) return { roomId, start: { from: 'now' } };
  validateArgument(rules.pageSize, 'last', last);
  return { roomId, start: { from: 'last', count: last } };
}
