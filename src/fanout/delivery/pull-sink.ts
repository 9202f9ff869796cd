import { type ExecutionResult, GraphQLError } from 'graphql';
import type { Framing } from '#fanout/projection/framing.js';
import type { Audience } from './sink.js';

type Result = IteratorResult<ExecutionResult, undefined>;

const PLAIN: Framing<readonly Buffer[]> = { key: 'plain', encode: (payloads) => payloads };

/** The sink of a consumer that iterates: it holds one batch, and is full until that has been taken. */
export class PullSink implements Audience<readonly Buffer[]> {
  readonly framing = PLAIN;
  #frames: readonly Buffer[] = [];
  #taken = 0;
  #drained: (() => void) | undefined;
  /** The last result, where the server ended it. */
  #refusal: ExecutionResult | undefined;
  #ended = false;
  #waiting: Promise<Result> | undefined;
  #resolve: ((result: Result) => void) | undefined;

  get full(): boolean {
    return this.#taken < this.#frames.length;
  }

  write(frames: readonly Buffer[]): void {
    this.#frames = frames;
    this.#taken = 0;
    this.#answer();
  }

  whenDrained(callback: () => void): void {
    this.#drained = callback;
  }

  refused(result: ExecutionResult): void {
    this.#refusal = result;
    this.#answer();
  }

  /** Gives nothing more, not even what is held. */
  end(): void {
    this.#ended = true;
    this.#answer();
  }

  /** The next result, as soon as there is one; to each who asks one of its own. */
  next(): Promise<Result> {
    if (this.#waiting !== undefined) return this.#waiting.then(() => this.next());
    const result = this.#take();
    if (result !== undefined) return Promise.resolve(result);
    this.#waiting = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  /** Answers who waits, where there is something to answer. */
  #answer(): void {
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
    const payload = this.#frames[this.#taken];
    if (payload !== undefined) {
      this.#taken += 1;
      return { done: false, value: revive(JSON.parse(payload.toString())) };
    }
    if (this.#refusal === undefined) return undefined;
    this.#ended = true;
    return { done: false, value: this.#refusal };
  }
}

/** Errors leave as JSON, and come back as what they were. */
function revive(result: ExecutionResult): ExecutionResult {
  if (result.errors === undefined) return result;
  return {
    ...result,
    errors: result.errors.map(({ message, locations, path, extensions }) =>
      Object.assign(new GraphQLError(message, { path, extensions }), { locations }),
    ),
  };
}
