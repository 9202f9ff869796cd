import type { Duplex } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import { CloseCode, type Context, MessageType, type WebSocket as ProtocolSocket } from 'graphql-ws';
import { type RawData, WebSocket } from 'ws';
import type { Viewer } from '#domain/viewer.js';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import type { Audience } from '#fanout/delivery/sink.js';
import { OperationRateLimit } from '#server/guards/operation-rate-limit.js';
import type { Caller } from '#server/operation/engine.js';
import type { SignInEnd, WatchedConnection } from '#server/operation/session-watch.js';
import { Drain } from './drain.js';
import { isAcceptable, parsed } from './message.js';
import { Joining } from './pending-subscriptions.js';
import type { Outlet } from './sink.js';

const GOING_AWAY = 1001;

/** How long a client may take to answer a close, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Bytes in the reason of a close frame. */
const LONGEST_REASON = 123;

/** A WebSocket that leads to its session, so that listeners can be shared by all of them. */
export class ChatSocket extends WebSocket {
  session: Session | undefined;
}

/** graphql-ws' own account of a connection. */
export type ProtocolContext = Context<Record<string, unknown>, Session>;

/**
 * One WebSocket, as graphql-ws sees it. There are thousands of these: what they have in common is in methods
 * and shared listeners, and nothing of the upgrade request is kept.
 */
export class Session implements ProtocolSocket, WatchedConnection, Outlet {
  readonly protocol: string;
  readonly joining = new Joining();
  /** Whether it has not answered the last ping. */
  isSilent = false;
  /** Operations begun so far. */
  begun = 0;
  /** Tells graphql-ws that the socket is closed. */
  closed: ((code?: number, reason?: string) => Promise<void>) | undefined;
  /** How fast it begins operations. */
  readonly operationRate = new OperationRateLimit();
  /** Who it belongs to, from connection_init on; null for a guest. */
  viewer: Viewer | null = null;
  /** Known from the first operation on. */
  protocolContext: ProtocolContext | undefined;
  #receive: ((data: string) => Promise<void>) | undefined;
  /** Streams that are served here from now on, while graphql-ws is still about to let go of them. */
  #takenOver: Map<string, SharedStream> | undefined;
  /**
   * Operations that the client has completed and graphql-ws still winds up. It keeps its books by id, and
   * would take one that has the same id for the one before: such a message waits, and all that follow it.
   */
  #ending: Set<unknown> | undefined;
  #held: unknown[] | undefined;
  #awaitsDrain = false;
  /** Most sockets are never full. */
  #drain: Drain | undefined;

  constructor(
    readonly webSocket: ChatSocket,
    /** The socket beneath. */
    readonly socket: Duplex,
    readonly caller: Caller,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.protocol = webSocket.protocol;
  }

  get isOpen(): boolean {
    return this.webSocket.readyState === WebSocket.OPEN;
  }

  get hasOperations(): boolean {
    for (const _ in this.protocolContext?.subscriptions) return true;
    return false;
  }

  send(data: string): void {
    if (this.webSocket.readyState === WebSocket.OPEN) this.webSocket.send(data);
  }

  close(code: number, reason: string): void {
    // What stands in it may come from the client, and ws throws where it is longer than a frame may be.
    this.webSocket.close(code, Buffer.byteLength(reason) > LONGEST_REASON ? 'Bad request' : reason);
    // What was held is not wanted any more; the client's own close is, and has to be read.
    this.#held = undefined;
    this.webSocket.resume();
  }

  onMessage(receive: (data: string) => Promise<void>): void {
    this.#receive = receive;
  }

  /**
   * Hands a message from the client to graphql-ws, or holds it behind one that has to wait. A client that
   * asks and does not read the answers is not read from either, until it has.
   */
  deliver(data: RawData): void {
    // Whoever is told to go is not listened to, even where they do not.
    if (!this.isOpen) return;
    this.#handInTurn(parsed(data));
    this.#regulate();
  }

  /**
   * Serves an operation from now on. graphql-ws gets what this returns in its place: an iterable that is at its
   * end, so that nothing of its own is held for as long as the subscription lasts. The client is told nothing of
   * that end, and in graphql-ws' books the operation goes on: the client completes it as any other.
   */
  takeOver(id: string, stream: SharedStream, sink: Audience): AsyncIterable<never> {
    this.#takenOver ??= new Map();
    this.#takenOver.set(id, stream);
    stream.attach(sink);
    const next = async (): Promise<IteratorResult<never, undefined>> => {
      this.#forget(id);
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  refused(id: string, result: ExecutionResult): void {
    this.#takenOver?.delete(id);
    this.#forget(id);
    this.send(JSON.stringify({ id, type: MessageType.Next, payload: result }));
    this.#complete(id);
  }

  whenDrained(callback: () => void): void {
    this.#drain ??= new Drain(this.socket);
    this.#drain.wait(callback);
  }

  /** 4401: there is nothing to come back with. 4403: a client that gets a new token may. */
  signInEnded(why: SignInEnd): void {
    if (why === 'session ended') this.close(CloseCode.Unauthorized, 'Session ended');
    else this.close(CloseCode.Forbidden, 'Token expired');
  }

  /** Completes the operations, then closes the socket; ends it where the other side does not close too. */
  async goAway(): Promise<void> {
    if (this.webSocket.readyState === WebSocket.CLOSED) return;
    // It may close by itself at any moment from here on.
    const closed = new Promise((resolve) => this.webSocket.once('close', resolve));
    for (const [id, stream] of Object.entries(this.protocolContext?.subscriptions ?? {})) {
      if (!(stream instanceof SharedStream)) continue;
      this.#forget(id);
      await stream.return();
      this.#complete(id);
    }
    this.close(GOING_AWAY, 'Going away');
    const ended = setTimeout(() => this.webSocket.terminate(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(ended);
  }

  #handInTurn(message: unknown): void {
    if (this.#held === undefined) this.#hand(message);
    else this.#held.push(message);
  }

  #hand(message: unknown): void {
    // What was held came before the close, and stood behind what caused it.
    if (!this.isOpen) return;
    const { type, id } = (message ?? {}) as { type?: unknown; id?: unknown };
    if (!isAcceptable(type, id)) {
      this.close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    if (type === 'subscribe' && (this.#ending?.has(id) || this.#takenOver?.has(id as string))) {
      this.#held = [message];
      return;
    }
    if (type === 'complete' && typeof id === 'string' && this.#isUnderWay(id)) {
      this.#ending ??= new Set();
      this.#ending.add(id);
    }
    this.#receive?.(message as string).then(
      () => this.#handed(type, id),
      (error: unknown) => this.#fail(error),
    );
  }

  /**
   * Whether graphql-ws has an operation of that id in hand, rather than in its books alone. Its object has no
   * prototype, so that `__proto__` is an id too.
   */
  #isUnderWay(id: string): boolean {
    const operations = this.protocolContext?.subscriptions;
    if (operations === undefined) return false;
    return this.#takenOver?.has(id) || (id in operations && !(operations[id] instanceof SharedStream));
  }

  #forget(id: string): void {
    delete this.protocolContext?.subscriptions[id];
  }

  #complete(id: string): void {
    this.send(JSON.stringify({ id, type: MessageType.Complete }));
  }

  /** graphql-ws is done with a message: with `subscribe` when the operation is over, or was taken over. */
  #handed(type: unknown, id: unknown): void {
    if (type !== 'subscribe') return;
    this.#enterInBooks(id as string);
    this.#ending?.delete(id);
    if (this.#ending?.size === 0) this.#ending = undefined;
    const held = this.#held;
    if (held === undefined || (held[0] as { id: unknown }).id !== id) return;
    this.#held = undefined;
    for (const message of held) this.#handInTurn(message);
    this.#regulate();
  }

  /** Enters a stream that was taken over in graphql-ws' books, which are what `complete` and `close` go by. */
  #enterInBooks(id: string): void {
    const stream = this.#takenOver?.get(id);
    this.#takenOver?.delete(id);
    if (this.#takenOver?.size === 0) this.#takenOver = undefined;
    if (stream === undefined || this.protocolContext === undefined) return;
    // The client may have completed it between the two.
    if (this.#ending?.has(id)) stream.return().catch(this.onFault);
    else this.protocolContext.subscriptions[id] = stream;
  }

  /** Reads from the client, or does not, as what it sent and what it was sent allow. */
  #regulate(): void {
    if (!this.isOpen) return;
    const needsDrain = this.socket.writableNeedDrain;
    if (needsDrain && !this.#awaitsDrain) {
      this.#awaitsDrain = true;
      // Before its subscriptions, which fill the socket again: one that is far behind would not be read from,
      // pongs included, until it had caught up.
      this.#drain ??= new Drain(this.socket);
      this.#drain.wait(() => {
        this.#awaitsDrain = false;
        this.#regulate();
      }, 'before');
    }
    if (needsDrain || this.#held !== undefined) this.webSocket.pause();
    else if (this.webSocket.isPaused) this.webSocket.resume();
  }

  #fail(error: unknown): void {
    this.onFault(error);
    this.close(CloseCode.InternalServerError, 'Internal server error');
  }
}
