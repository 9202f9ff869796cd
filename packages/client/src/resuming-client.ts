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
  /** Receives the events of every subscription of this client. */
  onEvent?: OnEvent;
  /** How many of the newest messages to continue with after a gap. 50 by default. */
  lastAfterGap?: number;
  /**
   * How long the server may take to answer a ping before the connection counts as lost, in milliseconds.
   * 5,000 by default. graphql-ws sends pings if its option `keepAlive` is set.
   */
  pongTimeoutMs?: number;
  /**
   * How long a connection may take to open, in milliseconds. No limit by default. Use it only in browsers:
   * the WebSocket of the package `ws` throws an uncaught error if it is closed before it is open.
   */
  connectTimeoutMs?: number;
  /**
   * The largest operation to send, in bytes of its JSON. 65,536 by default. Set it to the server's
   * MESSAGE_BYTES_LIMIT. A larger operation fails with a MessageTooLargeError before it is sent, because the
   * server would close the connection and so interrupt every other operation.
   */
  maxMessageBytes?: number;
}

/** Options for one subscription, in addition to those of the client. */
export interface SubscribeOptions {
  /** Receives the events of this subscription, after the client's own listener. */
  onEvent?: OnEvent;
}

/** Stands for a gap between the results of `iterate`, if its option `marksGaps` is set. */
export const GAP: FormattedExecutionResult<never, never> = { data: null };

/** Options of an iteration. */
export interface IterateOptions extends SubscribeOptions {
  /** Yields GAP where results are missing. */
  marksGaps?: boolean;
}

/**
 * A graphql-ws client whose subscriptions survive interruptions. Use it wherever a graphql-ws client is
 * accepted: in Apollo Client's GraphQLWsLink, urql's subscriptionExchange or a network layer of Relay.
 */
export interface ResumingClient extends Client {
  /**
   * Runs an operation as graphql-ws does. A subscription continues across interruptions until the returned
   * function is called, the client is disposed of, or the server refuses the subscription for good. The sink
   * then gets the refusal as from graphql-ws: a last result with errors, or `error`.
   *
   * A subscription to `messageAdded` or `roomEvents` continues after the last message or event, and delivers each once
   * and in order. If its document does not allow that, the sink gets a DocumentError.
   *
   * If a sink throws, its subscription ends and the sink gets that error.
   */
  subscribe<Data = Record<string, unknown>, Extensions = unknown>(
    payload: SubscribePayload,
    sink: Sink<FormattedExecutionResult<Data, Extensions>>,
    options?: SubscribeOptions,
  ): () => void;
  /**
   * Iterates over the results of an operation, which continues across interruptions as with `subscribe`. A
   * slow consumer costs no memory: when 1,000 results of a room are waiting, the client unsubscribes, and it
   * resumes when they have been consumed.
   */
  iterate<Data = Record<string, unknown>, Extensions = unknown>(
    payload: SubscribePayload,
    options?: IterateOptions,
  ): AsyncIterableIterator<FormattedExecutionResult<Data, Extensions>>;
  /** Ends every subscription and disposes of the wrapped client. */
  dispose(): Promise<void>;
  readonly resuming: true;
}

const LAST_AFTER_GAP = 50;
const PONG_TIMEOUT_MS = 5_000;

/**
 * Wraps a graphql-ws client in one whose subscriptions survive interruptions. Create the graphql-ws client
 * with `retryAttempts: 0`, so that its own waits are not added, and with `keepAlive`, so that a silently dead
 * connection is noticed. Dispose of the client that this returns, not of the wrapped one.
 */
export function resumingClient(client: Client, options: ResumingOptions = {}): ResumingClient {
  const { onEvent, lastAfterGap = LAST_AFTER_GAP, pongTimeoutMs = PONG_TIMEOUT_MS } = options;
  const connection = new Connection(client, pongTimeoutMs, options.connectTimeoutMs);
  const limited = limitMessages(client, options.maxMessageBytes ?? MAX_MESSAGE_BYTES);
  const resumptions = new Set<Resumption>();

  /** Runs a query or a mutation, and watches the connection until it ends. */
  function pass(payload: SubscribePayload, sink: Sink<FormattedExecutionResult<never, never>>): Source {
    const unlisten = connection.listen({});
    const end = subscribeSafely<never, never>(limited, payload, {
      next: (result) => sink.next(result),
      error: (error) => {
        unlisten();
        sink.error(error);
      },
      // graphql-ws also calls this after it was unsubscribed.
      complete: () => {
        unlisten();
        sink.complete();
      },
    });
    return { end };
  }

  const open: Opener = (payload, sink, { onEvent: onOwnEvent } = {}) => {
    if (!isSubscription(payload)) return pass(payload, sink);
    let room: RoomVariables | undefined;
    try {
      room = roomVariablesOf(payload.query);
    } catch (error) {
      queueMicrotask(() => sink.error(error));
      return { end: () => undefined };
    }
    const resumption = new Resumption(limited, connection, payload, room, sink, {
      ...options,
      lastAfterGap,
      onEvent:
        (onEvent || onOwnEvent) &&
        ((event) => {
          onEvent?.(event);
          onOwnEvent?.(event);
        }),
      onEnd: () => resumptions.delete(resumption),
    });
    resumptions.add(resumption);
    return resumption;
  };

  return {
    resuming: true,
    on: (event, listener) => client.on(event, listener),
    terminate: () => client.terminate(),
    subscribe(payload, sink, subscribeOptions) {
      const source = open(payload, sink, subscribeOptions);
      return () => source.end();
    },
    iterate: (payload, { marksGaps, ...subscribeOptions } = {}) =>
      iterateResults((sink) =>
        open(payload, sink, marksGaps ? markingGaps(subscribeOptions, sink) : subscribeOptions),
      ),
    dispose: async () => {
      for (const resumption of resumptions) resumption.end();
      await client.dispose();
    },
  };
}

/** A gap takes its place between the results, since events are emitted in the same order. */
function markingGaps(options: SubscribeOptions, sink: Sink<typeof GAP>): SubscribeOptions {
  return {
    onEvent: (event) => {
      if (event.type === 'gap') sink.next(GAP);
      options.onEvent?.(event);
    },
  };
}

type Opener = (
  payload: SubscribePayload,
  sink: Sink<FormattedExecutionResult<never, never>>,
  options?: SubscribeOptions,
) => Source;
