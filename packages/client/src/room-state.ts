import { compareCursors } from './cursor.js';
import type { ChatMessage } from './operation-text.js';
import type { Gap, MessageSent, MessagesRetracted } from './room-event.js';

/** The least that a message needs, so that retractions can be applied to it. */
export interface RetractableMessage {
  id: string;
  author: { id: string };
}

/** What a client shows of a room. Immutable. */
export interface RoomState<Message extends RetractableMessage = ChatMessage> {
  /** The visible messages, oldest first. */
  readonly messages: readonly Message[];
  /** The newest retractions, for messages that are loaded later. */
  readonly retractions: readonly MessagesRetracted[];
}

/** A room before its first event. */
export const EMPTY_ROOM: RoomState<never> = { messages: [], retractions: [] };

/** Messages to keep by default, and retractions. */
const KEPT_MESSAGES = 1_000;
const KEPT_RETRACTIONS = 1_000;

/**
 * Applies an event to the state of a room, and returns the new state. Keeps the newest `limit` messages, 1,000 by
 * default. Events must come in order, as `followRoom` yields them. Ignores events of other types.
 */
export function reduceRoom<Message extends RetractableMessage = ChatMessage>(
  state: RoomState<Message>,
  event: MessageSent<Message> | MessagesRetracted | Gap | { __typename: string },
  limit = KEPT_MESSAGES,
): RoomState<Message> {
  switch (event.__typename) {
    case 'MessageSent': {
      const { message } = event as MessageSent<Message>;
      if (state.messages.some(({ id }) => id === message.id)) return state;
      return { ...state, messages: [...state.messages, message].slice(-limit) };
    }
    case 'MessagesRetracted': {
      const retraction = event as MessagesRetracted;
      return {
        messages: state.messages.filter(isLeftBy([retraction])),
        retractions: [...state.retractions, retraction].slice(-KEPT_RETRACTIONS),
      };
    }
    case 'Gap':
      return EMPTY_ROOM;
    default:
      return state;
  }
}

/**
 * Adds a page of older messages to the state of a room. Leaves out those that were retracted while the page was on its
 * way, and those that the state has already.
 */
export function addHistory<Message extends RetractableMessage = ChatMessage>(
  state: RoomState<Message>,
  older: readonly Message[],
): RoomState<Message> {
  const known = new Set(state.messages.map(({ id }) => id));
  const left = older.filter(isLeftBy(state.retractions)).filter(({ id }) => !known.has(id));
  return { ...state, messages: [...left, ...state.messages] };
}

/** Whether none of these retractions names a message. */
function isLeftBy(retractions: readonly MessagesRetracted[]): (message: RetractableMessage) => boolean {
  const ids = new Set(retractions.flatMap(({ messageIds }) => messageIds));
  const byAuthor = retractions.filter(({ author }) => author !== null);
  return ({ id, author }) =>
    !ids.has(id) &&
    !byAuthor.some((each) => each.author === author.id && compareCursors(id, each.cursor) < 0);
}
