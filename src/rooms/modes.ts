import { forbidden } from '#domain/errors.js';
import type { SlowModes } from '#domain/ports/limiter.js';
import { hasRole, type Viewer } from '#domain/viewer.js';

/**
 * Sets how many seconds each user waits between two messages in a room; 0 turns slow mode off. Throws
 * FORBIDDEN unless the viewer is a moderator or the platform, and SERVICE_UNAVAILABLE.
 */
export async function setSlowMode(
  slowModes: SlowModes,
  roomId: string,
  seconds: number,
  viewer: Viewer | null,
): Promise<void> {
  if (!hasRole(viewer, 'moderator', 'service')) throw forbidden('Only moderators can set slow mode.');
  await slowModes.set(roomId, seconds);
}
