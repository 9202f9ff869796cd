import type { RateLimiter } from '#domain/ports/limiter.js';
import { hasRole } from '#domain/viewer.js';
import type { Caller } from './send.js';

/**
 * Counts a room that a subscription is about to open on this node, if it is new to all nodes. Joining a room that
 * others are in costs nothing. The platform is not limited. Throws RATE_LIMITED, or SERVICE_UNAVAILABLE if the
 * limiter fails closed.
 */
export async function limitNewRooms(
  limiter: Pick<RateLimiter, 'takeRoom'>,
  roomId: string,
  { viewer, address }: Pick<Caller, 'viewer' | 'address'>,
): Promise<void> {
  if (hasRole(viewer, 'service')) return;
  await limiter.takeRoom(roomId, address);
}
