import { type ExecutionResult, GraphQLError } from 'graphql';
import type { ChatError } from '../chat/errors.js';
import type { Delivery, Owner, SharedSource } from './shared-source.js';
import type { Framing, Sink } from './sink.js';

/** How an error becomes what a client may see. */
export type FormatError = (error: unknown) => GraphQLError;

/** Starts delivery into a sink, and tells its owner where it cannot go on. */
export type StartDelivery = (sink: Sink, owner: Owner) => Delivery;

type Result = IteratorResult<ExecutionResult, undefined>;

/**
 * The results of a shared subscription, as graphql-js' `subscribe` would give them. A transport that knows
 * how attaches a sink: then events go to it as ready bytes, and the stream stays silent until it ends. A
 * consumer that knows nothing of this iterates as usual.
 *
 * It ends by `return`, or by a refusal: then its last result holds the error.
 */
export class SharedStream implements AsyncGenerator<ExecutionResult, undefined, undefined>, Owner {
  /** Let go of once it is called: it holds all that the operation came with. */
  #start: StartDelivery | undefined;
  #delivery: Delivery | undefined;
  #pull: PullSink | undefined;
  #refusal: GraphQLError | undefined;
  #done = false;
  #waiting: Promise<Result> | undefined;
  #resolve: ((result: Result) => void) | undefined;

  constructor(
    private readonly source: SharedSource<unknown>,
    private readonly formatError: FormatError,
    start: StartDelivery,
  ) {
    this.#start = start;
  }

  /** Sends the events to a sink from now on. Once, and before anyone has iterated. */
  attach(sink: Sink): void {
    const start = this.#start;
    if (this.#done || start === undefined) return;
    this.#start = undefined;
    this.#delivery = start(sink, this);
    this.#delivery.pump();
  }

  refused(reason: ChatError): void {
    this.#refusal = this.formatError(reason);
    this.#answer();
  }

  next(): Promise<Result> {
    if (this.#start !== undefined && !this.#done) {
      this.#pull = new PullSink(() => this.#answer());
      this.attach(this.#pull);
    }
    if (this.#waiting !== undefined) return this.#waiting.then(() => this.next());
    const result = this.#take();
    if (result !== undefined) return Promise.resolve(result);
    this.#waiting = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  return(): Promise<Result> {
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<Result> {
    this.#finish();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#finish();
    return Promise.resolve();
  }

  #take(): Result | undefined {
    if (this.#done) return { done: true, value: undefined };
    const value = this.#pull?.take();
    if (value !== undefined) return { done: false, value };
    if (this.#refusal === undefined) return undefined;
    this.#end();
    return { done: false, value: { errors: [this.#refusal] } };
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

  #finish(): void {
    this.#end();
    this.#answer();
  }

  /** Gives everything back, and answers nobody. */
  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#start = undefined;
    this.#delivery?.end();
    this.source.release();
  }
}

const PLAIN: Framing<readonly Buffer[]> = { key: 'plain', encode: (payloads) => payloads };

/** The sink of a consumer that iterates: it holds one batch, and is full until that has been taken. */
class PullSink implements Sink<readonly Buffer[]> {
  readonly framing = PLAIN;
  #frames: readonly Buffer[] = [];
  #taken = 0;
  #drained: (() => void) | undefined;

  constructor(private readonly onFrames: () => void) {}

  get full(): boolean {
    return this.#taken < this.#frames.length;
  }

  write(frames: readonly Buffer[]): void {
    this.#frames = frames;
    this.#taken = 0;
    this.onFrames();
  }

  whenDrained(callback: () => void): void {
    this.#drained = callback;
  }

  take(): ExecutionResult | undefined {
    if (!this.full) {
      const drained = this.#drained;
      this.#drained = undefined;
      drained?.();
    }
    const payload = this.#frames[this.#taken];
    if (payload === undefined) return undefined;
    this.#taken += 1;
    return revive(JSON.parse(payload.toString()));
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
