import { unauthenticated } from '../chat/errors.js';
import type { User } from '../chat/message.js';
import type { Sender } from '../chat/rate-limits.js';
import { hasRole } from '../chat/viewer.js';
import type { OperationContext } from './context.js';

/** The display name of a guest who gives none. */
export const GUEST_NAME = 'Guest';

/** Who writes a message: the viewer, or else a guest by the name given, where guests are allowed. */
export function authorOf(context: OperationContext, guestName: string | null | undefined): User {
  if (context.viewer) return context.viewer.user;
  if (!context.allowGuests) {
    throw unauthenticated('Sign in to send a message: guests may only read here.');
  }
  const name = guestName ?? GUEST_NAME;
  return { id: `guest:${name}`, name };
}

/**
 * Who sends, as the limits see it. A guest shares what a user may send with those of the same name and address
 * alone: nobody can use up what others have by taking their name.
 */
export function senderOf({ viewer, address }: OperationContext, author: User): Sender {
  if (hasRole(viewer, 'service')) return { id: author.id, address, exempt: 'from all limits' };
  if (hasRole(viewer, 'moderator')) return { id: author.id, address, exempt: 'from slow mode' };
  return { id: viewer ? author.id : `${author.id}@${address}`, address, exempt: 'from nothing' };
}
