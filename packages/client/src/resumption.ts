/**
 * One subscription that is kept up.
 *
 *   start → subscribe, after the cursor → results → dropped, or refused for a while → wait → start
 *                                                 → CURSOR_EXPIRED → gap → wait → start, with `last`
 *                                                 → refused for good → error
 *
 * It takes the client's own retries as they come: with them, the client subscribes again by itself, with the
 * same payload. So the payload gives its variables anew each time that it is sent.
 */
import type { FormattedExecutionResult, Sink, SubscribePayload } from 'graphql-ws';
import { type BackoffOptions, backoffMs, callAfter, capOf } from './backoff.js';
import type { Connection } from './connection.js';
import { BEGINNING, isCursor } from './cursor.js';
import { DocumentError, type RoomVariables } from './document.js';
import { failureOf } from './failure.js';
import { askHead, type Head } from './head.js';
import { type OperationClient, type Result, rootValue, runOperation } from './operation.js';
import { Place } from './place.js';
import { Progress } from './progress.js';
import type { OnEvent } from './resume-event.js';

export interface ResumptionOptions extends BackoffOptions {
  /** How many messages to join with where a cursor has expired. */
  lastAfterGap: number;
  /** Where it is given, the room's head is asked for too, so as to tell what was missed. */
  onEvent: OnEvent | undefined;
  /** It has ended, however; the sink is told next. */
  onEnd: () => void;
}

/** The server ended a subscription that has no end: it is going away. */
const COMPLETED = 'The server completed the subscription.';

export class Resumption {
  readonly #payload: SubscribePayload;
  readonly #roomId: string | undefined;
  /** Undefined for a subscription to anything but a room. */
  readonly #place: Place | undefined;
  readonly #progress: Progress;
  readonly #stopListening: () => void;
  /** What is under way: the subscription, a question for the room's head, a wait. Each is taken back so. */
  #stopSubscription: (() => void) | undefined;
  #stopAsking: (() => void) | undefined;
  #stopWaiting: (() => void) | undefined;
  #startedAt = 0;
  /** Tries that failed since one came to something. */
  #failures = 0;
  /** Whether the failure of the present try has been counted. */
  #counted = false;
  #ended = false;

  constructor(
    private readonly client: OperationClient,
    private readonly connection: Connection,
    given: SubscribePayload,
    room: RoomVariables | undefined,
    private readonly sink: Sink<FormattedExecutionResult<never, never>>,
    private readonly options: ResumptionOptions,
  ) {
    const place = room && new Place(room, given.variables, options.lastAfterGap);
    this.#place = place;
    this.#roomId = room?.roomIdOf(given.variables);
    this.#payload = {
      ...given,
      get variables() {
        return place === undefined ? given.variables : place.variables();
      },
    };
    this.#progress = new Progress({ payload: given, roomId: this.#roomId }, options.onEvent);
    this.#stopListening = connection.listen({
      connecting: () => this.#beginTry(),
      connected: () => this.#askHowFar(),
      dropped: (cause) => this.#dropped(cause),
    });
    this.#progress.connecting();
    this.#start();
  }

  /** Ends it: nothing is left under way. The sink is told `complete`, as graphql-ws does, soon after. */
  end(): void {
    this.#finish(() => this.sink.complete());
  }

  /** Stops delivery for now, where it can go on without a gap; returns whether it did. */
  pause(): boolean {
    if (this.#ended || this.#place?.cursor === undefined) return false;
    this.#halt();
    return true;
  }

  /** Goes on after `pause()`. */
  unpause(): void {
    if (!this.#ended && !this.#trying && this.#stopWaiting === undefined) this.#start();
  }

  get #trying(): boolean {
    return this.#stopSubscription !== undefined || this.#stopAsking !== undefined;
  }

  #start(): void {
    this.#stopWaiting = undefined;
    this.#beginTry();
    const place = this.#place;
    if (place === undefined || place.isNamed) {
      this.#subscribe();
      return;
    }
    // Followed from now on: what is sent before its first message could be lost without a cursor. Who may
    // not ask for one gets it with the first message.
    this.#askHead((head) => {
      place.suppose(head?.cursor);
      this.#subscribe();
    });
  }

  #beginTry(): void {
    this.#startedAt = Date.now();
    this.#counted = false;
  }

  #subscribe(): void {
    this.#stopSubscription = runOperation(this.client, this.#payload, {
      next: (result) => this.#receive(result),
      error: (cause) => this.#failed(cause),
      complete: (refusal) => {
        // A client that was disposed of completes its operations. Other than that, only the server does.
        if (refusal !== undefined) this.#failed(refusal.errors, refusal);
        else if (this.connection.closed) this.end();
        else this.#failed(new Error(COMPLETED));
      },
    });
    this.#askHowFar();
  }

  #receive(result: Result): void {
    if (this.#place !== undefined && result.data != null) {
      const { id } = (rootValue(result) ?? {}) as { id?: unknown };
      if (!isCursor(id)) {
        this.#fail(new DocumentError('select the id of the message, as "id"'));
        return;
      }
      if (!this.#place.take(id)) return;
    }
    this.#failures = 0;
    try {
      this.sink.next(result as FormattedExecutionResult<never, never>);
    } catch (error) {
      this.#fail(error);
      return;
    }
    // Of anything but a room, a result is all that shows how far it has come.
    if (this.#place === undefined) this.#progress.headIs(BEGINNING);
    this.#progress.received(this.#place?.cursor);
  }

  /** Asks how far it has to catch up, where anybody wants to know. */
  #askHowFar(): void {
    const place = this.#place;
    if (!place || !this.options.onEvent || !this.#stopSubscription || this.#stopAsking) return;
    this.#askHead((head) => {
      // In a room that is known to be empty all that comes is new, and none of it may be lost.
      if (head?.isEmpty) place.suppose(head.cursor);
      this.#progress.headIs(head && !head.isEmpty ? head.cursor : BEGINNING, place.cursor);
    });
  }

  /** Asks for the room's head; the answer is undefined where the server refuses it for good. */
  #askHead(answered: (head: Head | undefined) => void): void {
    const answer = (head?: Head) => {
      this.#stopAsking = undefined;
      answered(head);
    };
    this.#stopAsking = askHead(this.client, this.#roomId!, answer, (cause) => {
      if (failureOf(cause).kind === 'retry') this.#failed(cause);
      else answer();
    });
  }

  #dropped(cause: unknown): void {
    // While it waits, the connection is the business of others.
    if (this.#trying && failureOf(cause).kind === 'retry') this.#count(cause);
  }

  /** The try has failed, where the server refused it by that result; what is left of it is stopped. */
  #failed(cause: unknown, refusal?: Result): void {
    const { kind, retryAfterMs } = failureOf(cause);
    if (kind === 'final') {
      if (refusal === undefined) this.#fail(cause);
      else this.#refuse(refusal);
      return;
    }
    this.#halt();
    this.#count(cause);
    if (kind === 'expired') this.#progress.gap(this.#place?.expire());
    // Whoever was told may have ended it.
    if (this.#ended) return;
    this.#stopWaiting = callAfter(retryAfterMs + backoffMs(this.#failures, this.options), () =>
      this.#start(),
    );
  }

  /** Counts the try as failed; once, whether an event of the connection tells it, an error, or both. */
  #count(cause: unknown): void {
    if (this.#counted) return;
    this.#counted = true;
    if (Date.now() - this.#startedAt >= capOf(this.options)) this.#failures = 0;
    this.#failures += 1;
    this.#progress.interrupted(this.#failures, cause);
  }

  /** Told as the server told it: libraries look for errors in results. */
  #refuse(refusal: Result): void {
    this.#finish(() => {
      this.sink.next(refusal as FormattedExecutionResult<never, never>);
      this.sink.complete();
    });
  }

  #fail(error: unknown): void {
    this.#finish(() => this.sink.error(error));
  }

  #finish(tellSink: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#halt();
    this.#stopListening();
    this.#progress.end();
    this.options.onEnd();
    // Never before `subscribe` has returned.
    queueMicrotask(tellSink);
  }

  #halt(): void {
    this.#stopSubscription?.();
    this.#stopAsking?.();
    this.#stopWaiting?.();
    this.#stopSubscription = this.#stopAsking = this.#stopWaiting = undefined;
  }
}
