import type { ExecutionResult, GraphQLError } from 'graphql';
import type { ChatError } from '#domain/errors.js';
import { PullSink } from './pull-sink.js';
import type { Delivery, Owner, SharedSource } from './shared-source.js';
import type { Audience, Sink } from './sink.js';

/** How an error becomes what a client may see. */
export type FormatError = (error: unknown) => GraphQLError;

/** Starts delivery into a sink, and tells its owner where it cannot go on. */
export type StartDelivery = (sink: Sink, owner: Owner) => Delivery;

type Result = IteratorResult<ExecutionResult, undefined>;

/**
 * The results of a shared subscription, as graphql-js' `subscribe` would give them. A transport that knows
 * how attaches an audience, which events go to as ready bytes. A consumer that knows nothing of this iterates
 * as usual; where the server ends the subscription, its last result holds the error.
 */
export class SharedStream implements AsyncGenerator<ExecutionResult, undefined, undefined>, Owner {
  /** Let go of once it is called: it holds all that the operation came with. */
  #start: StartDelivery | undefined;
  #delivery: Delivery | undefined;
  #audience: Audience | undefined;
  #done = false;

  constructor(
    private readonly source: SharedSource<unknown>,
    private readonly formatError: FormatError,
    start: StartDelivery,
  ) {
    this.#start = start;
  }

  /** Sends the events there from now on. Once, and before anyone has iterated. */
  attach(audience: Audience): void {
    const start = this.#start;
    if (this.#done || start === undefined) return;
    this.#start = undefined;
    this.#audience = audience;
    this.#delivery = start(audience, this);
    this.#delivery.pump();
  }

  refused(reason: ChatError): void {
    if (this.#done) return;
    this.#end();
    this.#audience?.refused({ errors: [this.formatError(reason)] });
  }

  next(): Promise<Result> {
    if (this.#start !== undefined && !this.#done) this.attach(new PullSink());
    if (this.#audience instanceof PullSink) return this.#audience.next();
    return Promise.resolve({ done: true, value: undefined });
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

  #finish(): void {
    this.#end();
    if (this.#audience instanceof PullSink) this.#audience.end();
  }

  /** Gives everything back. */
  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#start = undefined;
    this.#delivery?.end();
    this.source.release();
  }
}
