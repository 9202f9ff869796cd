import type { Duplex } from 'node:stream';
import { MessageType, type SubscribeMessage } from 'graphql-ws';
import { type RawData, WebSocket } from 'ws';
import type { Viewer } from '#domain/viewer.js';
import type { TooManyAnswers } from '#server/guards/answer-limit.js';
import { isExempt } from '#server/guards/operation-costs.js';
import { OperationRateLimit } from '#server/guards/operation-rate-limit.js';
import type { Outgoing } from '#server/guards/unread-bytes.js';
import type { Caller } from '#server/operation/engine.js';
import type { SignInEnd, WatchedConnection } from '#server/operation/session-watch.js';
import { Drain, type DrainStep } from './drain.js';
import { textFrames } from './framing.js';
import { Inbox, type InboxOwner } from './inbox.js';
import { type ClientMessage, readMessage } from './message.js';
import { Operation, type OperationHost } from './operation.js';
import { Operations } from './operations.js';
import { PendingSubscriptions } from './pending-subscriptions.js';
import {
  CLOSINGS,
  type Closing,
  CONNECTION_STEPS,
  type ConnectionEvent,
  type ConnectionState,
  duplicateId,
} from './protocol.js';
import type { ConnectionServices } from './services.js';
import { signIn } from './sign-in.js';

/** How long a client may take to answer a close frame, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The maximum length of a close frame's reason, in bytes (RFC 6455, section 5.5). */
const MAX_REASON_BYTES = 123;

/** The same for every connection, so it is encoded once. */
const ACK = textFrames(JSON.stringify({ type: MessageType.ConnectionAck }));

/** A WebSocket with a reference to its connection, so that all connections can share their listeners. */
export class ChatSocket extends WebSocket {
  connection: Connection | undefined;
}

/**
 * One WebSocket. It reads the client's messages, keeps the state described in protocol.ts, and performs the action of
 * each step. A client that does not read its answers, or has too many under way, is not read from; see inbox.ts.
 *
 * A node has thousands of connections, so they share methods and listeners, and rare parts are created lazily.
 */
export class Connection implements WatchedConnection, OperationHost, InboxOwner, Outgoing {
  /** The signed-in user. Null for a guest, and until connection_init has been processed. */
  viewer: Viewer | null = null;
  /** Whether the last ping is unanswered. */
  isSilent = false;
  /** The number of operations begun so far. */
  begun = 0;
  readonly operations = new Operations();
  readonly operationRate = new OperationRateLimit();
  #state: ConnectionState = 'awaiting init';
  #pending: PendingSubscriptions | undefined;
  #drain: Drain | undefined;
  #inbox: Inbox | undefined;

  constructor(
    readonly webSocket: ChatSocket,
    /** The socket below the WebSocket. */
    readonly socket: Duplex,
    readonly caller: Caller,
    readonly services: ConnectionServices,
  ) {}

  /** Whether frames may still be written and messages are still handled. */
  get isOpen(): boolean {
    return this.webSocket.readyState === WebSocket.OPEN;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get pending(): PendingSubscriptions {
    this.#pending ??= new PendingSubscriptions();
    return this.#pending;
  }

  private get inbox(): Inbox {
    this.#inbox ??= new Inbox(this);
    return this.#inbox;
  }

  get mostExecutions(): number {
    return this.services.openAnswers.answers;
  }

  get address(): string {
    return this.caller.address;
  }

  get unreadBytes(): number {
    return this.socket.destroyed ? 0 : this.socket.writableLength;
  }

  /** Handles a message from the client, or holds it until the client has read what it was sent. */
  deliver(data: RawData): void {
    // Most connections only subscribe and read what they get, so they need no inbox.
    if (this.#inbox !== undefined || this.socket.writableNeedDrain) this.inbox.deliver(data);
    else if (this.isOpen) this.handle(data);
  }

  beginAnswer(): (() => void) | TooManyAnswers {
    const leave = this.services.answerLimit.take(this.address);
    if (typeof leave !== 'function') return leave;
    const { inbox } = this;
    inbox.executionBegan();
    return () => {
      if (this.isOpen && this.socket.writableNeedDrain) this.whenDrained(leave, 'answers');
      else leave();
      inbox.executionEnded();
    };
  }

  send(...messages: object[]): void {
    if (!this.mayWrite()) return;
    const frames = textFrames(...messages.map((message) => JSON.stringify(message)));
    this.socket.write(frames);
    if (this.socket.writableLength > 0) this.leftUnread();
  }

  mayWrite(): boolean {
    if (!this.isOpen) return false;
    const { unreadBytes } = this.services.openAnswers;
    if (unreadBytes === 0 || this.socket.writableLength <= unreadBytes) return true;
    this.services.unreadBytes.terminate(this);
    return false;
  }

  leftUnread(): void {
    this.services.unreadBytes.look(this);
  }

  whenDrained(callback: () => void, step: DrainStep): void {
    this.#drain ??= new Drain(this.socket);
    this.#drain.wait(callback, step);
  }

  terminate(): void {
    this.webSocket.terminate();
  }

  close({ code, reason }: Closing): void {
    this.#state = 'closing';
    this.#inbox?.clear();
    // The reason may contain text from the client. ws throws if it is too long for a close frame.
    this.webSocket.close(code, Buffer.byteLength(reason) > MAX_REASON_BYTES ? 'Bad request' : reason);
    // Keep reading, to receive the client's own close frame.
    this.webSocket.resume();
  }

  /** Called when the socket has closed, for any reason. */
  closed(): void {
    this.#state = 'closing';
    this.#inbox?.clear();
    for (const operation of this.operations.list()) operation.cancel();
    this.#drain?.closed();
  }

  signInEnded(why: SignInEnd): void {
    this.close(why === 'session ended' ? CLOSINGS.sessionEnded : CLOSINGS.tokenExpired);
  }

  /** Completes the subscriptions and closes the connection. Terminates it if the client does not answer. */
  async goAway(): Promise<void> {
    if (this.webSocket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.webSocket.once('close', resolve));
    for (const operation of this.operations.list()) operation.shutDown();
    this.close(CLOSINGS.goingAway);
    const ended = setTimeout(() => this.webSocket.terminate(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(ended);
  }

  /** Handles a bug outside of any operation: reports it and closes this connection only. */
  #fail(error: unknown): void {
    this.services.onFault(error);
    this.close(CLOSINGS.fault);
  }

  /** Handles a message now. */
  handle(data: RawData): void {
    const pauseMs = this.services.costs.chargeMessage(isExempt(this.viewer) ? '' : this.address);
    if (pauseMs > 0) this.inbox.pause(pauseMs);
    try {
      const message = readMessage(data);
      this.#step(message === undefined ? 'malformed' : (message.type as `${ClientMessage['type']}`), message);
    } catch (error) {
      this.#fail(error);
    }
  }

  #step(event: ConnectionEvent, message?: ClientMessage): void {
    const step = CONNECTION_STEPS[this.#state][event];
    this.#state = step.next;
    switch (step.act) {
      case 'sign in':
        this.#signIn((message as { payload?: Record<string, unknown> }).payload ?? {});
        return;
      case 'acknowledge':
        if (this.isOpen) this.socket.write(ACK);
        return;
      case 'pong': {
        const { payload } = message as { payload?: Record<string, unknown> };
        this.send({ type: MessageType.Pong, ...(payload && { payload }) });
        return;
      }
      case 'begin operation':
        this.#begin(message as SubscribeMessage);
        return;
      case 'end operation':
        this.operations.get((message as SubscribeMessage).id)?.cancel();
        return;
      case 'close':
        this.close(step.closing);
    }
  }

  #signIn(payload: Record<string, unknown>): void {
    this.services.initTimeout.settle(this);
    const checked = signIn(this, payload, this.services);
    if (checked === undefined) {
      this.#step('signed in');
      return;
    }
    checked
      .then((closing) => {
        if (closing === undefined) this.#step('signed in');
        else this.close(closing);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #begin({ id, payload }: SubscribeMessage): void {
    if (this.operations.get(id) !== undefined) {
      this.close(duplicateId(id));
      return;
    }
    this.begun += 1;
    const operation = new Operation(id, this);
    this.operations.add(operation);
    operation.start(payload);
  }
}
