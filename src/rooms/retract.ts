import type { EntryId } from '#domain/cursor.js';
import { unauthenticated } from '#domain/errors.js';
import type { EventLog, Retracted, RetractionRights } from '#domain/ports/event-log.js';
import { hasRole, type Viewer } from '#domain/viewer.js';

/** How long authors may retract their own messages, in milliseconds. */
export const AUTHORS_RETRACT_WITHIN_MS = 5 * 60_000;

/**
 * Retracts messages, as far as the viewer may: the platform all messages, a moderator all but those of other moderators
 * and the platform, and anyone else their own recent ones. Throws UNAUTHENTICATED for guests, since anyone can take a
 * guest's name, and the errors of the log's `retract`.
 */
export async function retractMessages(
  log: Pick<EventLog, 'retract'>,
  roomId: string,
  ids: readonly EntryId[],
  viewer: Viewer | null,
): Promise<Retracted> {
  if (viewer === null) throw unauthenticated('Sign in to retract messages.');
  return log.retract(roomId, ids, rightsOf(viewer));
}

function rightsOf(viewer: Viewer): RetractionRights {
  const { id } = viewer.user;
  if (hasRole(viewer, 'service')) return {};
  if (hasRole(viewer, 'moderator')) return { sparesAllBut: id };
  return { author: id, withinMs: AUTHORS_RETRACT_WITHIN_MS };
}
