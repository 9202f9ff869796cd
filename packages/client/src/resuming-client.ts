import type { Client, FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import type { BackoffOptions } from './backoff.js';
import { Connection } from './connection.js';
import { isSubscription, type RoomVariables, roomVariablesOf } from './document.js';
import { iterateResults, type Source } from './iterate.js';
import { limitMessages, MAX_MESSAGE_BYTES } from './message-limit.js';
import { subscribeSafely } from './operation.js';
import type { OnEvent } from './resume-event.js';
import { Resumption } from './resumption.js';

export interface ResumingOptions extends BackoffOptions {
  /** Told of what happens to every subscription of this client. */
  onEvent?: OnEvent;
  /** How many of the newest messages to go on with after a gap; 50 where not given. */
  lastAfterGap?: number;
  /**
   * How long the server may take to answer a ping before the connection counts as lost, in milliseconds;
   * 5,000 where not given. Pings are sent where graphql-ws' client has its option `keepAlive` set.
   */
  pongTimeoutMs?: number;
  /**
   * How long a connection may take to open before it is given up, in milliseconds; as long as it takes where
   * not given. For the WebSocket of browsers: that of the package `ws` throws an uncaught error where it is
   * closed before it is open.
   */
  connectTimeoutMs?: number;
  /**
   * The largest operation to send, in bytes of its JSON; 65,536 by default. Set it to the server's
   * MESSAGE_BYTES_LIMIT. A larger operation fails with a MessageTooLargeError and is not sent: the server
   * would close the connection, and with it interrupt every other operation.
   */
  maxMessageBytes?: number;
}

/** What may be set for one subscription, over what is set for the client. */
export interface SubscribeOptions {
  /** Told of what happens to this subscription, after the client's own. */
  onEvent?: OnEvent;
}

/**
 * A graphql-ws client whose subscriptions are kept up: it stands wherever that client stands, in Apollo
 * Client's GraphQLWsLink, urql's subscriptionExchange or a network layer of Relay.
 */
export interface ResumingClient extends Client {
  /**
   * Runs an operation as graphql-ws does. A subscription goes on over every interruption, until it is left
   * by the returned function, the client is disposed of, or the server refuses it for good: that the sink is
   * told as graphql-ws tells it, by a last result with errors, or by `error`.
   *
   * One to `messageAdded` goes on after the last message: its results are handed on each once and in order.
   * Where its document does not allow that, the sink gets a DocumentError.
   *
   * A sink that throws ends its subscription, and gets what it threw as its error.
   */
  subscribe<Data = Record<string, unknown>, Extensions = unknown>(
    payload: SubscribePayload,
    sink: Sink<FormattedExecutionResult<Data, Extensions>>,
    options?: SubscribeOptions,
  ): () => void;
  /**
   * The results of an operation, as graphql-ws gives them, kept up as by `subscribe`. Whoever takes them
   * slowly costs no memory: a room is left while 1,000 results wait to be taken, and is resumed after that.
   */
  iterate<Data = Record<string, unknown>, Extensions = unknown>(
    payload: SubscribePayload,
    options?: SubscribeOptions,
  ): AsyncIterableIterator<FormattedExecutionResult<Data, Extensions>>;
  /** Ends every subscription, and disposes of the client beneath. */
  dispose(): Promise<void>;
  readonly resuming: true;
}

const LAST_AFTER_GAP = 50;
const PONG_TIMEOUT_MS = 5_000;

/**
 * Makes a client whose subscriptions are kept up out of one of graphql-ws. That one is best created with
 * `retryAttempts: 0`, so that its own waits do not come on top, and with `keepAlive`, so that a connection
 * that is lost without a word is noticed. Dispose of it through the client that this returns.
 */
export function resumingClient(client: Client, options: ResumingOptions = {}): ResumingClient {
  const { onEvent, lastAfterGap = LAST_AFTER_GAP, pongTimeoutMs = PONG_TIMEOUT_MS } = options;
  const connection = new Connection(client, pongTimeoutMs, options.connectTimeoutMs);
  const limited = limitMessages(client, options.maxMessageBytes ?? MAX_MESSAGE_BYTES);
  const kept = new Set<Resumption>();

  /** Runs an operation that ends by itself, while the connection is watched. */
  function pass(payload: SubscribePayload, sink: Sink<FormattedExecutionResult<never, never>>): () => void {
    const unlisten = connection.listen({});
    return subscribeSafely<never, never>(limited, payload, {
      next: (result) => sink.next(result),
      error: (error) => {
        unlisten();
        sink.error(error);
      },
      // Also told after it was left.
      complete: () => {
        unlisten();
        sink.complete();
      },
    });
  }

  function keepUp(
    payload: SubscribePayload,
    room: RoomVariables | undefined,
    sink: Sink<FormattedExecutionResult<never, never>>,
    { onEvent: onEventToo }: SubscribeOptions,
  ): Resumption {
    const resumption = new Resumption(limited, connection, payload, room, sink, {
      ...options,
      lastAfterGap,
      onEvent: both(onEvent, onEventToo),
      onEnd: () => kept.delete(resumption),
    });
    kept.add(resumption);
    return resumption;
  }

  const open: Opener = (payload, sink, subscribeOptions = {}) => {
    if (!isSubscription(payload)) return { end: pass(payload, sink) };
    let room: RoomVariables | undefined;
    try {
      room = roomVariablesOf(payload.query);
    } catch (error) {
      queueMicrotask(() => sink.error(error));
      return { end: () => undefined };
    }
    return keepUp(payload, room, sink, subscribeOptions);
  };

  return {
    resuming: true,
    on: (event, listener) => client.on(event, listener),
    terminate: () => client.terminate(),
    subscribe(payload, sink, subscribeOptions) {
      const opened = open(payload, sink, subscribeOptions);
      return () => opened.end();
    },
    iterate: (payload, subscribeOptions) => iterateResults((sink) => open(payload, sink, subscribeOptions)),
    dispose: async () => {
      for (const resumption of kept) resumption.end();
      await client.dispose();
    },
  };
}

type Opener = (
  payload: SubscribePayload,
  sink: Sink<FormattedExecutionResult<never, never>>,
  options?: SubscribeOptions,
) => Source;

function both(first: OnEvent | undefined, second: OnEvent | undefined): OnEvent | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (event) => {
    first(event);
    second(event);
  };
}
