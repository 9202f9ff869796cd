import type { Client } from 'graphql-ws';
import { toError } from './errors.js';
import { type Result, rootValue } from './operation.js';
import { CHAT_MESSAGE, type ChatMessage, type OperationText, textOf } from './operation-text.js';
import { type ResumingClient, resumingClient, type SubscribeOptions } from './resuming-client.js';

export interface FollowOptions extends SubscribeOptions {
  roomId: string;
  /** The id of the last message that is known: begin with all that came after it. `0` is the beginning. */
  after?: string | null;
  /** Begin with this many of the newest messages, where there is no `after`; with none where not given. */
  last?: number | null;
  /** Ends the iteration, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The same with a query of one's own, which subscribes to messageAdded by `$roomId`, `$after` and `$last`. */
export interface FollowQueryOptions<Data extends object> extends FollowOptions {
  query: OperationText<Data>;
}

/** What followRoom subscribes with, unless it is given a query. */
export const FOLLOW = `subscription ($roomId: ID!, $after: ID, $last: Int) { messageAdded(roomId: $roomId, after: $after, last: $last) ${CHAT_MESSAGE} }`;

/**
 * A room's messages as they are sent, in order, each once, over every interruption. It joins at once, and
 * leaves with the loop. A client that is not resuming is made so for this subscription.
 *
 * It rejects with a ChatClientError where the server refuses it for good, or could not read a message. Where
 * messages cannot be had any more it goes on, and tells `onEvent` of the gap.
 */
export function followRoom(client: Client, options: FollowOptions): AsyncIterableIterator<ChatMessage>;
export function followRoom<Data extends object>(
  client: Client,
  options: FollowQueryOptions<Data>,
): AsyncIterableIterator<Data[keyof Data]>;
export function followRoom(
  client: Client,
  options: FollowOptions & { query?: OperationText<unknown> },
): AsyncIterableIterator<unknown> {
  const { query = FOLLOW, roomId, after, last, signal, ...subscribeOptions } = options;
  signal?.throwIfAborted();
  const resuming = 'resuming' in client ? (client as ResumingClient) : resumingClient(client);
  const payload = { query: textOf(query), variables: { roomId, after, last } };
  const results = resuming.iterate(payload, subscribeOptions);
  const leave = async (): Promise<IteratorResult<unknown>> => {
    signal?.removeEventListener('abort', leave);
    return (await results.return?.()) ?? { done: true, value: undefined };
  };
  signal?.addEventListener('abort', leave);

  return {
    async next() {
      try {
        const { done, value } = await results.next();
        signal?.throwIfAborted();
        if (done) return await leave();
        if (value.data == null) throw value.errors;
        return { done: false, value: rootValue(value as Result) };
      } catch (cause) {
        await leave();
        throw toError(cause);
      }
    },
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
