/**
 * One subscription that continues across interruptions.
 *
 *   start → subscribe after the cursor → results → disconnected, or a temporary error → wait → start
 *                                                → CURSOR_EXPIRED → gap → wait → start with `last`
 *                                                → a final error → end
 *
 * It also works if graphql-ws retries on its own. That client subscribes again with the same payload object,
 * so the payload computes its variables each time it is sent.
 */
import type { FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import { type BackoffOptions, backoffMs, callAfter, capOf } from './backoff.js';
import type { Connection } from './connection.js';
import { BEGINNING } from './cursor.js';
import type { RoomVariables } from './document.js';
import { failureOf } from './failure.js';
import { type Head, queryHead } from './head.js';
import { type OperationClient, type Result, rootValue, runOperation } from './operation.js';
import { Progress } from './progress.js';
import type { OnEvent } from './resume-event.js';
import { ResumeState } from './resume-state.js';

export interface ResumptionOptions extends BackoffOptions {
  /** How many messages to join with after a cursor has expired. */
  lastAfterGap: number;
  /**
   * Receives events. Without it, the room's head is not queried to find out when the subscription is live.
   */
  onEvent: OnEvent | undefined;
  /** Called once when the subscription ends for any reason, before the sink is notified. */
  onEnd: () => void;
}

/** A server that shuts down completes its subscriptions. Otherwise they never complete. */
const COMPLETED = 'The server completed the subscription.';

export class Resumption {
  readonly #client: OperationClient;
  readonly #connection: Connection;
  readonly #sink: Sink<FormattedExecutionResult<never, never>>;
  readonly #options: ResumptionOptions;
  readonly #payload: SubscribePayload;
  readonly #roomId: string | undefined;
  /** Undefined if this is not a subscription to a room. */
  readonly #state: ResumeState | undefined;
  readonly #progress: Progress;
  readonly #unlisten: () => void;
  /** Each of these cancels what is under way: the subscription, a query of the room's head, a wait. */
  #stopSubscription: (() => void) | undefined;
  #stopQuery: (() => void) | undefined;
  #stopWaiting: (() => void) | undefined;
  #startedAt = 0;
  /** Failed attempts since the last result. */
  #failures = 0;
  /** Whether the failure of the current attempt has been counted. */
  #counted = false;
  #ended = false;

  constructor(
    client: OperationClient,
    connection: Connection,
    payload: SubscribePayload,
    room: RoomVariables | undefined,
    sink: Sink<FormattedExecutionResult<never, never>>,
    options: ResumptionOptions,
  ) {
    this.#client = client;
    this.#connection = connection;
    this.#sink = sink;
    this.#options = options;
    const { variables } = payload;
    const state = room && new ResumeState(room, variables, options.lastAfterGap);
    this.#state = state;
    this.#roomId = room?.roomIdOf(variables);
    this.#payload = {
      ...payload,
      get variables() {
        return state ? state.variables() : variables;
      },
    };
    this.#progress = new Progress({ payload, roomId: this.#roomId }, options.onEvent);
    this.#unlisten = connection.listen({
      connecting: () => this.#beginAttempt(),
      connected: () => this.#findHead(),
      dropped: (cause) => this.#dropped(cause),
    });
    this.#progress.connecting();
    this.#start();
  }

  /** Ends the subscription. The sink's `complete` is called soon after, as by graphql-ws. */
  end(): void {
    this.#finish(() => this.#sink.complete());
  }

  /** Pauses delivery if it can be resumed without a gap. Returns whether it did. */
  pause(): boolean {
    if (this.#ended || this.#state?.cursor === undefined) return false;
    this.#cancel();
    return true;
  }

  /** Continues after `pause()`. */
  unpause(): void {
    if (!this.#ended && !this.#attempting && !this.#stopWaiting) this.#start();
  }

  get #attempting(): boolean {
    return Boolean(this.#stopSubscription || this.#stopQuery);
  }

  #start(): void {
    this.#stopWaiting = undefined;
    this.#beginAttempt();
    const state = this.#state;
    if (!state || state.hasStart) {
      this.#subscribe();
      return;
    }
    // Start at the room's head: without a cursor, an interruption before the first message could lose
    // messages. If the server does not allow the query, the first message becomes the cursor.
    this.#queryHead((head) => {
      state.startAt(head?.cursor);
      this.#subscribe();
    });
  }

  #beginAttempt(): void {
    this.#startedAt = Date.now();
    this.#counted = false;
  }

  #subscribe(): void {
    this.#stopSubscription = runOperation(this.#client, this.#payload, {
      next: (result) => this.#receive(result),
      error: (cause) => this.#failed(cause),
      complete: (refusal) => {
        if (refusal) this.#failed(refusal.errors, refusal);
        // graphql-ws completes its operations when it is disposed of. Otherwise it was the server.
        else if (this.#connection.closed) this.end();
        else this.#failed(new Error(COMPLETED));
      },
    });
    this.#findHead();
  }

  #receive(result: Result): void {
    const state = this.#state;
    if (state && result.data != null) {
      const cursor = state.cursorOf(rootValue(result));
      if (cursor === undefined) {
        this.#fail(state.missingCursor);
        return;
      }
      if (!state.accept(cursor)) return;
    }
    this.#failures = 0;
    try {
      this.#sink.next(result as FormattedExecutionResult<never, never>);
    } catch (error) {
      this.#fail(error);
      return;
    }
    // A subscription to something else has no head: its first result shows that it is live.
    if (!state) this.#progress.setHead(BEGINNING);
    this.#progress.delivered(state?.cursor);
  }

  /** Asks for the cursor that the subscription has to catch up to, if anyone listens to events. */
  #findHead(): void {
    const state = this.#state;
    if (!state || !this.#options.onEvent || !this.#stopSubscription || this.#stopQuery) return;
    this.#queryHead((head) => {
      // If the room is empty, start here, so that none of the messages to come can be lost.
      if (head?.isEmpty) state.startAt(head.cursor);
      this.#progress.setHead(head && !head.isEmpty ? head.cursor : BEGINNING, state.cursor);
    });
  }

  /** Queries the room's head, which is undefined if the server refuses the query for good. */
  #queryHead(onHead: (head: Head | undefined) => void): void {
    const settle = (head?: Head) => {
      this.#stopQuery = undefined;
      onHead(head);
    };
    this.#stopQuery = queryHead(this.#client, this.#roomId!, settle, (cause) => {
      if (failureOf(cause).kind === 'retry') this.#failed(cause);
      else settle();
    });
  }

  #dropped(cause: unknown): void {
    // While this subscription waits, only others use the connection.
    if (this.#attempting && failureOf(cause).kind === 'retry') this.#countFailure(cause);
  }

  /** Handles a failed attempt. `refusal` is the result with which the server refused it, if there is one. */
  #failed(cause: unknown, refusal?: Result): void {
    const { kind, retryAfterMs } = failureOf(cause);
    if (kind === 'final') {
      if (refusal) this.#refuse(refusal);
      else this.#fail(cause);
      return;
    }
    this.#cancel();
    this.#countFailure(cause);
    if (kind === 'expired') this.#progress.gap(this.#state?.expire());
    // A listener may have ended the subscription.
    if (this.#ended) return;
    const delayMs = retryAfterMs + backoffMs(this.#failures, this.#options);
    this.#stopWaiting = callAfter(delayMs, () => this.#start());
  }

  /** Counts a failed attempt once, even if it shows both as a connection event and as an error. */
  #countFailure(cause: unknown): void {
    if (this.#counted) return;
    this.#counted = true;
    if (Date.now() - this.#startedAt >= capOf(this.#options)) this.#failures = 0;
    this.#failures += 1;
    this.#progress.interrupted(this.#failures, cause);
  }

  /** Passes the server's refusal on as a result, because that is where libraries look for its errors. */
  #refuse(refusal: Result): void {
    this.#finish(() => {
      this.#sink.next(refusal as FormattedExecutionResult<never, never>);
      this.#sink.complete();
    });
  }

  #fail(error: unknown): void {
    this.#finish(() => this.#sink.error(error));
  }

  #finish(notifySink: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancel();
    this.#unlisten();
    this.#progress.end();
    this.#options.onEnd();
    // In a microtask, so never before `subscribe` has returned.
    queueMicrotask(notifySink);
  }

  #cancel(): void {
    this.#stopSubscription?.();
    this.#stopQuery?.();
    this.#stopWaiting?.();
    this.#stopSubscription = this.#stopQuery = this.#stopWaiting = undefined;
  }
}
