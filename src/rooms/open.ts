import type { RateLimiter } from '#domain/ports/limiter.js';
import { hasRole } from '#domain/viewer.js';
import type { Caller } from './send.js';

/**
 * Limits how many new rooms an address may open by subscribing. A room that is
 * already active on any node does not count, and the platform is not limited.
 * Throws RATE_LIMITED, or SERVICE_UNAVAILABLE if the limiter fails closed.
 */
export async function limitNewRooms(
  limiter: Pick<RateLimiter, 'takeRoom'>,
  roomId: string,
  { viewer, address }: Pick<Caller, 'viewer' | 'address'>,
): Promise<void> {
  if (hasRole(viewer, 'service')) return;
  await limiter.takeRoom(roomId, address);
}
