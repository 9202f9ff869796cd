import type { ExecutionResult, GraphQLError } from 'graphql';
import type { ChatError } from '#domain/errors.js';
import { PullSink } from './pull-sink.js';
import type { Delivery, Owner, SharedSource } from './shared-source.js';
import type { Audience, Sink } from './sink.js';

/** Converts an error into what the client may see. */
export type FormatError = (error: unknown) => GraphQLError;

/** Starts delivery into a sink, and notifies the owner if delivery cannot continue. */
export type StartDelivery = (sink: Sink, owner: Owner) => Delivery;

type Result = IteratorResult<ExecutionResult, undefined>;

/**
 * The results of a shared subscription, compatible with those of graphql-js' `subscribe`. A transport that
 * supports it attaches an audience, which receives events as bytes. Any other consumer iterates as usual. If
 * the server ends the subscription, the last result contains the error.
 */
export class SharedStream implements AsyncGenerator<ExecutionResult, undefined, undefined>, Owner {
  /** Cleared after use, because it keeps the arguments of the operation in memory. */
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

  /**
   * Delivers all events to this audience. Only the first call counts, and only if iteration has not begun.
   */
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

  /** Stops delivery and releases the source. */
  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#start = undefined;
    this.#delivery?.end();
    this.source.release();
  }
}
