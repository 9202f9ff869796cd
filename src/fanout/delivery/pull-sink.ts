import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Cursor } from '#domain/cursor.js';
import type { Framing } from '#fanout/projection/framing.js';
import type { Audience } from './sink.js';

type Result = IteratorResult<ExecutionResult, undefined>;

/** A serialized result, with its cursor if it has one. */
interface Event {
  payload: Buffer;
  id: Cursor | undefined;
}

const PLAIN: Framing<readonly Event[]> = {
  key: 'plain',
  encode: (payloads, ids) => payloads.map((payload, index) => ({ payload, id: ids?.[index] })),
};

/**
 * A sink for a consumer that iterates. It holds one batch and is full until the consumer has taken all of it.
 */
export class PullSink implements Audience<readonly Event[]> {
  readonly framing = PLAIN;
  #events: readonly Event[] = [];
  #taken = 0;
  /** The cursor of the last event that was taken, or that the first one comes after. Empty if events have none. */
  #cursor: Cursor | '' = '';
  #drained: (() => void) | undefined;
  /** The last result, if the server ended the subscription. */
  #refusal: ExecutionResult | undefined;
  #ended = false;
  #waiting: Promise<Result> | undefined;
  #resolve: ((result: Result) => void) | undefined;

  get full(): boolean {
    return this.#taken < this.#events.length;
  }

  startsAfter(cursor: Cursor): void {
    this.#cursor = cursor;
  }

  takeBack(): Cursor | '' | undefined {
    const wasFull = this.full;
    this.#events = [];
    this.#taken = 0;
    return wasFull ? this.#cursor : undefined;
  }

  write(events: readonly Event[]): void {
    this.#events = events;
    this.#taken = 0;
    this.#resolveWaiting();
  }

  whenDrained(callback: () => void): void {
    this.#drained = callback;
  }

  refused(result: ExecutionResult): void {
    this.#refusal = result;
    this.#resolveWaiting();
  }

  /** Ends the iteration. Results that were not taken yet are dropped. */
  end(): void {
    this.#ended = true;
    this.#resolveWaiting();
  }

  /** Resolves to the next result once it is available. Concurrent calls each get their own, in order. */
  next(): Promise<Result> {
    if (this.#waiting !== undefined) return this.#waiting.then(() => this.next());
    const result = this.#take();
    if (result !== undefined) return Promise.resolve(result);
    this.#waiting = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  /** Resolves the waiting call, if any, with the next result, if any. */
  #resolveWaiting(): void {
    if (this.#resolve === undefined) return;
    const result = this.#take();
    if (result === undefined) return;
    this.#resolve(result);
    this.#resolve = undefined;
    this.#waiting = undefined;
  }

  #take(): Result | undefined {
    if (this.#ended) return { done: true, value: undefined };
    if (!this.full) {
      const drained = this.#drained;
      this.#drained = undefined;
      drained?.();
    }
    const event = this.#events[this.#taken];
    if (event !== undefined) {
      this.#taken += 1;
      this.#cursor = event.id ?? '';
      return { done: false, value: revive(JSON.parse(event.payload.toString())) };
    }
    if (this.#refusal === undefined) return undefined;
    this.#ended = true;
    return { done: false, value: this.#refusal };
  }
}

/** Turns the errors of a result parsed from JSON back into GraphQLErrors. */
function revive(result: ExecutionResult): ExecutionResult {
  if (result.errors === undefined) return result;
  return {
    ...result,
    errors: result.errors.map(({ message, locations, path, extensions }) =>
      Object.assign(new GraphQLError(message, { path, extensions }), { locations }),
    ),
  };
}
