import type { Client } from 'graphql-ws';
import { toError } from './errors.js';
import { type Result, rootValue } from './operation.js';
import { CHAT_MESSAGE, type ChatMessage, type OperationText, textOf } from './operation-text.js';
import { GAP, type ResumingClient, resumingClient, type SubscribeOptions } from './resuming-client.js';
import { FOLLOW_EVENTS, type RoomEvent } from './room-event.js';

export interface FollowOptions extends SubscribeOptions {
  roomId: string;
  /**
   * Start after this cursor: the id of the last message, or the cursor of the last event, that you have. `0` is the
   * beginning.
   */
  after?: string | null;
  /** Without `after`, start with this many of the newest messages. 0 by default. */
  last?: number | null;
  /** Ends the iteration, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Options to follow everything that happens in a room. */
export interface FollowEventsOptions extends FollowOptions {
  events: true;
}

/**
 * Options with a document of your own, which subscribes to messageAdded or roomEvents with `$roomId`, `$after` and
 * `$last`.
 */
export interface FollowQueryOptions<Data extends object> extends FollowOptions {
  query: OperationText<Data>;
}

/** The default document of `followRoom`. */
export const FOLLOW = `subscription ($roomId: ID!, $after: ID, $last: Int) { messageAdded(roomId: $roomId, after: $after, last: $last) ${CHAT_MESSAGE} }`;

/**
 * Iterates over a room's messages as they are sent, or with `events: true`, over everything that happens in the room: in
 * order, each exactly once, across interruptions. It subscribes immediately, and unsubscribes when the loop is left. A
 * plain graphql-ws client is made resuming for this subscription. `reduceRoom` turns events into what to show.
 *
 * It rejects with a ChatClientError if the server refuses the subscription for good, or if a message could
 * not be resolved. If messages are no longer available, it continues, and `onEvent` receives a `gap`. With
 * `events: true`, it also yields a `Gap`.
 */
export function followRoom(client: Client, options: FollowEventsOptions): AsyncIterableIterator<RoomEvent>;
export function followRoom(client: Client, options: FollowOptions): AsyncIterableIterator<ChatMessage>;
export function followRoom<Data extends object>(
  client: Client,
  options: FollowQueryOptions<Data>,
): AsyncIterableIterator<Data[keyof Data]>;
export function followRoom(
  client: Client,
  options: FollowOptions & { events?: true; query?: OperationText<unknown> },
): AsyncIterableIterator<unknown> {
  const { events = false, roomId, after, last, signal, ...rest } = options;
  const { query = events ? FOLLOW_EVENTS : FOLLOW, ...subscribeOptions } = rest;
  signal?.throwIfAborted();
  const resuming = 'resuming' in client ? (client as ResumingClient) : resumingClient(client);
  const payload = { query: textOf(query), variables: { roomId, after, last } };
  const results = resuming.iterate(payload, { ...subscribeOptions, marksGaps: events });
  const unsubscribe = (): Promise<IteratorResult<unknown>> => {
    signal?.removeEventListener('abort', unsubscribe);
    return results.return!();
  };
  signal?.addEventListener('abort', unsubscribe);

  return {
    async next() {
      try {
        const { done, value } = await results.next();
        signal?.throwIfAborted();
        if (done) return await unsubscribe();
        if (value === GAP) return { done: false, value: { __typename: 'Gap' } };
        if (value.data == null) throw value.errors;
        return { done: false, value: rootValue(value as Result) };
      } catch (cause) {
        await unsubscribe();
        throw toError(cause);
      }
    },
    return: unsubscribe,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
