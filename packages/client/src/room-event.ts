import { CHAT_MESSAGE, type ChatMessage } from './operation-text.js';

/** What all events of a room have. */
interface Placed {
  /** The position of the event: `after: cursor` continues after it. */
  cursor: string;
  /** When it happened: an RFC 3339 time in UTC. */
  at: string;
  roomId: string;
}

/** A message was sent. */
export interface MessageSent<Message = ChatMessage> extends Placed {
  __typename: 'MessageSent';
  message: Message;
}

/** Messages were retracted. Some may be messages that this client has never received. */
export interface MessagesRetracted extends Placed {
  __typename: 'MessagesRetracted';
  messageIds: readonly string[];
  /** The id of a user, all of whose messages before this event are retracted. */
  author: string | null;
}

/**
 * Events are missing here: they are no longer available. The newest messages follow, as for a client that has just
 * joined. Forget what came before, since it may have been retracted. This does not come from the server.
 */
export interface Gap {
  __typename: 'Gap';
}

/**
 * What happens in a room. A newer server may send events of other types if a document of your own selects them, so
 * ignore those that you do not know.
 */
export type RoomEvent = MessageSent | MessagesRetracted | Gap;

/** The document of `followRoom` with `events: true`. */
export const FOLLOW_EVENTS = `subscription ($roomId: ID!, $after: ID, $last: Int) { roomEvents(roomId: $roomId, after: $after, last: $last) { __typename cursor at roomId ... on MessageSent { message ${CHAT_MESSAGE} } ... on MessagesRetracted { messageIds author } } }`;
