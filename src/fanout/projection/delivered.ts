import type { RoomEvent } from '#domain/entry.js';
import type { Message } from '#domain/message.js';

/** What a projection may deliver: only messages, or all events of the room. */
export interface Deliverable {
  messages: Message;
  events: RoomEvent;
}

/** What a projection delivers. */
export type Delivered = keyof Deliverable;
