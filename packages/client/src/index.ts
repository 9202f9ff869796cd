/**
 * `streamly-chat-client`: a resuming client on top of graphql-ws. Nothing is lost, nothing arrives twice, and
 * everything stays in order. It has no dependencies and works in browsers and Node.
 */

export { DocumentError } from './document.js';
export { ChatClientError } from './errors.js';
export {
  type FollowEventsOptions,
  type FollowOptions,
  type FollowQueryOptions,
  followRoom,
} from './follow-room.js';
export { MessageTooLargeError } from './message-limit.js';
export type { ChatMessage, OperationText } from './operation-text.js';
export type { ResumeEvent } from './resume-event.js';
export {
  type ResumingClient,
  type ResumingOptions,
  resumingClient,
  type SubscribeOptions,
} from './resuming-client.js';
export type { Gap, MessageSent, MessagesRetracted, RoomEvent } from './room-event.js';
export {
  addHistory,
  EMPTY_ROOM,
  type RetractableMessage,
  type RoomState,
  reduceRoom,
} from './room-state.js';
export { type SendInput, type SendOptions, type SendQueryOptions, send } from './send.js';
export { SendError, type SendOnceOptions, type SendRetry, sendOnce } from './send-once.js';
