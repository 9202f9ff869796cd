/**
 * A message's id, which is also its cursor everywhere: `<ms>-<seq>`, as in Redis Streams. Milliseconds
 * are Redis' own clock; the sequence tells apart messages of one millisecond. Within a room ids only grow.
 */
export type MessageId = string;

/** The cursor that stands before a room's first message. */
export const BEGINNING = '0';

/** Who wrote a message. A guest's id is `guest:` and the display name. */
export interface User {
  id: string;
  name: string;
}

/** A message as it is stored, published and delivered. Never changed once made. */
export interface Message {
  id: MessageId;
  /** The id of the message just before this one in its room, or `0`: what makes a gap visible. */
  prev: MessageId;
  roomId: string;
  author: User;
  content: string;
}

/** A message that is not yet stored: the store gives it its id. */
export interface Draft {
  roomId: string;
  author: User;
  content: string;
  /** Makes a send repeatable: the same nonce by the same author in the same room gives the first message. */
  nonce?: string;
}

const ID = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/;

/** Whether a text has the form of a message id. `0`, the beginning, is a cursor but no id. */
export function isMessageId(text: string): text is MessageId {
  return ID.test(text);
}

/** Whether a text has the form of a cursor: a message id, or `0`. */
export function isCursor(text: string): boolean {
  return text === BEGINNING || isMessageId(text);
}

/** Below 0, 0 or above 0, as `a` is older than, the same as, or newer than `b`. `0` is older than all. */
export function compareIds(a: MessageId, b: MessageId): number {
  if (a === b) return 0;
  return millisecondsOf(a) - millisecondsOf(b) || sequenceOf(a) - sequenceOf(b);
}

/** The time in an id, in milliseconds since 1970 by Redis' clock; 0 for the beginning. */
export function millisecondsOf(id: MessageId): number {
  const dash = id.indexOf('-');
  return Number(dash < 0 ? id : id.slice(0, dash));
}

function sequenceOf(id: MessageId): number {
  const dash = id.indexOf('-');
  return dash < 0 ? 0 : Number(id.slice(dash + 1));
}

/** When a message was accepted, by Redis' clock. */
export function createdAt(message: Message): Date {
  return new Date(millisecondsOf(message.id));
}
