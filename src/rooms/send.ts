import { unauthenticated } from '#domain/errors.js';
import type { Message, ProtectedRole, User } from '#domain/message.js';
import type { EventLog } from '#domain/ports/event-log.js';
import type { Sender } from '#domain/ports/limiter.js';
import { hasRole, type Viewer } from '#domain/viewer.js';

/** The default display name of guests. */
export const GUEST_NAME = 'Guest';

/** The caller of an operation. */
export interface Caller {
  /** Null for a guest. */
  viewer: Viewer | null;
  /** The network address, as rate limits count it. Empty if it is unknown. */
  address: string;
  /** Whether guests may send. */
  allowGuests: boolean;
}

/** A message to send. All fields have been validated. */
export interface Submission {
  roomId: string;
  content: string;
  /** A guest's display name. Ignored for callers who are signed in. */
  guestName: string | null | undefined;
  /** Makes the send safe to repeat. */
  nonce: string | null | undefined;
}

/**
 * Sends a message as the caller and returns it as it was stored. Throws UNAUTHENTICATED if guests may not
 * send, and the errors of the log's `append`.
 */
export async function sendMessage(
  log: Pick<EventLog, 'append'>,
  { roomId, content, guestName, nonce }: Submission,
  caller: Caller,
): Promise<Message> {
  const author = authorOf(caller, guestName);
  const role = protectedRoleOf(caller);
  const draft = { roomId, content, author, ...(nonce != null && { nonce }), ...(role && { role }) };
  return log.append(draft, senderOf(caller, author));
}

function protectedRoleOf({ viewer }: Caller): ProtectedRole | undefined {
  if (hasRole(viewer, 'service')) return 'service';
  return hasRole(viewer, 'moderator') ? 'moderator' : undefined;
}

function authorOf({ viewer, allowGuests }: Caller, guestName: string | null | undefined): User {
  if (viewer) return viewer.user;
  if (!allowGuests) throw unauthenticated('Sign in to send a message. Guests can only read here.');
  const name = guestName ?? GUEST_NAME;
  return { id: `guest:${name}`, name };
}

/**
 * The sender as rate limits count it. A guest shares a limit only with guests of the same name and address,
 * so nobody can use up someone else's limit by taking their name.
 */
function senderOf({ viewer, address }: Caller, author: User): Sender {
  if (hasRole(viewer, 'service')) return { id: author.id, address, exempt: 'from all limits' };
  if (hasRole(viewer, 'moderator')) return { id: author.id, address, exempt: 'from slow mode' };
  return { id: viewer ? author.id : `${author.id}@${address}`, address, exempt: 'from nothing' };
}
