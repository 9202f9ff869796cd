import type { InputRules } from '#domain/limits.js';
import type { SharedSource } from '#fanout/delivery/shared-source.js';
import type { Deliverable, Delivered } from '#fanout/projection/delivered.js';
import { limitNewRooms } from '#rooms/open.js';
import type { OperationContext } from './context.js';
import { type SubscriptionArguments, subscriptionStart } from './subscription-start.js';

/**
 * Starts a subscription to a room's messages or events. Throws BAD_USER_INPUT for an invalid argument, and RATE_LIMITED
 * if the address opens too many rooms.
 */
export function joinRoom<D extends Delivered>(
  args: SubscriptionArguments,
  rules: InputRules,
  { hub, limiter, connectionId, viewer, address, lastEventId }: OperationContext,
  delivers: D,
): SharedSource<Deliverable[D]> | Promise<SharedSource<Deliverable[D]>> {
  const { roomId, start } = subscriptionStart(args, rules, lastEventId);
  const join = () => hub.join(roomId, start, connectionId, delivers);
  // If the room is open on this node, do not ask Redis, and return without a promise.
  if (hub.isOpen(roomId)) return join();
  return limitNewRooms(limiter, roomId, { viewer, address }).then(join);
}
