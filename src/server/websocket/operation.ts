import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { MessageType, type SubscribePayload } from 'graphql-ws';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import type { Subscribed } from '#fanout/delivery/subscribe.js';
import type { TooManyAnswers } from '#server/guards/answer-limit.js';
import { type Engine, executeFormatted, runOperation } from '#server/operation/engine.js';
import type { WebSocketFramings } from './framing.js';
import type { PendingSubscriptions } from './pending-subscriptions.js';
import type { Preparation, Requester } from './prepare.js';
import { OPERATION_STEPS, type OperationEvent, type OperationState, type OperationStep } from './protocol.js';
import { type Outlet, type SinkOwner, WebSocketSink } from './sink.js';

/** Services that all operations share. */
export interface OperationServices {
  readonly engine: Engine;
  readonly preparation: Preparation;
  readonly framings: WebSocketFramings;
  /** Reports a bug. Must not throw. */
  onFault(error: unknown): void;
}

/** The connection that an operation belongs to. */
export interface OperationHost extends Outlet, Requester {
  readonly services: OperationServices;
  readonly pending: PendingSubscriptions;
  readonly operations: { readonly size: number; remove(operation: Operation): void };
  /** Counts a query or mutation that runs. Returns the function that ends it, or the refusal if there are too many. */
  beginAnswer(): (() => void) | TooManyAnswers;
  /**
   * Sends messages in one write, unless the connection is closing. Throws if one cannot be encoded as JSON.
   */
  send(...messages: object[]): void;
}

/** One operation, from its `subscribe` message to its end. protocol.ts describes its states. */
export class Operation implements SinkOwner {
  #state: OperationState = 'preparing';
  #stream: SharedStream | undefined;

  constructor(
    readonly id: string,
    private readonly host: OperationHost,
  ) {}

  get state(): OperationState {
    return this.#state;
  }

  /** Checks the operation and runs it, or sends its errors. Called once. */
  start(payload: SubscribePayload): void {
    const prepared = this.host.services.preparation.prepare(payload, this.host);
    if (prepared.errors !== undefined) this.#refuse(prepared.errors);
    else if (prepared.kind === 'subscription') this.#subscribe(prepared.args);
    else this.#execute(prepared.args, prepared.kind === 'mutation' ? this.host.pending.settled() : undefined);
  }

  /**
   * Ends the operation because the client completed it or
   * the connection has closed. Sends nothing more for it.
   */
  cancel(): void {
    if (this.#step('cancelled') === 'drop stream') this.#drop(this.#stream);
  }

  /** Completes the operation if it is a live subscription. */
  shutDown(): void {
    if (this.#step('server is shutting down') !== 'drop stream and send complete') return;
    this.#drop(this.#stream);
    this.host.send({ id: this.id, type: MessageType.Complete });
  }

  refused(result: ExecutionResult): void {
    this.#settle(result);
  }

  #refuse(errors: readonly GraphQLError[]): void {
    this.#step('refused');
    this.host.send({ id: this.id, type: MessageType.Error, payload: errors });
  }

  /**
   * Cancelling does not stop a mutation that has begun: its sender may have left just after pressing send.
   */
  #execute(args: ExecutionArgs, pending: Promise<unknown> | undefined): void {
    const { engine, onFault } = this.host.services;
    const end = this.host.beginAnswer();
    if (typeof end !== 'function') {
      this.#refuse([engine.formatError(end.error)]);
      return;
    }
    this.#step('execute');
    const executed =
      pending === undefined
        ? executeFormatted(engine, args)
        : pending.then(() => executeFormatted(engine, args));
    executed
      .then(
        (result) => this.#settle(result),
        (error: unknown) => this.#fail(error),
      )
      .catch(onFault)
      .finally(end);
  }

  #subscribe(args: ExecutionArgs): void {
    this.#step('subscribe');
    const { engine, onFault } = this.host.services;
    try {
      const subscribed = runOperation(engine, 'websocket', args, () => engine.subscribe(args));
      if (subscribed instanceof Promise) {
        const settled = subscribed.then((result) => this.#subscribed(result));
        this.host.pending.add(settled.catch((error: unknown) => this.#fail(error)).catch(onFault));
      } else {
        this.#subscribed(subscribed);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #subscribed(result: Subscribed): void {
    if (!(result instanceof SharedStream)) {
      this.#settle(result);
    } else if (this.#step('stream') === 'attach stream') {
      this.#stream = result;
      result.attach(new WebSocketSink(this.host, this, this.host.services.framings));
    } else {
      this.#drop(result);
    }
  }

  #settle(result: ExecutionResult): void {
    if (this.#step('result') === 'nothing') return;
    const { id } = this;
    try {
      this.host.send({ id, type: MessageType.Next, payload: result }, { id, type: MessageType.Complete });
    } catch (error) {
      // A resolver returned something that cannot be encoded as JSON.
      const payload = [this.host.services.engine.formatError(error)];
      this.host.send({ id, type: MessageType.Error, payload });
    }
  }

  /** Handles a bug: it ends only this operation. */
  #fail(error: unknown): void {
    this.#drop(this.#stream);
    this.#settle({ errors: [this.host.services.engine.formatError(error)] });
  }

  #drop(stream: SharedStream | undefined): void {
    this.#stream = undefined;
    stream?.return().catch(this.host.services.onFault);
  }

  #step(event: OperationEvent): OperationStep['act'] {
    const step = OPERATION_STEPS[this.#state][event];
    if (step === undefined)
      throw new Error(`Invalid event "${event}" in state "${this.#state}" of an operation.`);
    if (step.next === 'ended' && this.#state !== 'ended') this.host.operations.remove(this);
    this.#state = step.next;
    return step.act;
  }
}
