import type { Duplex } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Audience } from '#fanout/delivery/sink.js';
import type { OpenFrames, WebSocketFraming, WebSocketFramings } from './framing.js';

/** The part of a connection that the sinks of its subscriptions use. */
export interface Outlet {
  /** The socket below the WebSocket. */
  readonly socket: Duplex;
  /** Whether frames may be written now. If the client leaves too much unread, this ends the connection. */
  mayWrite(): boolean;
  /** Called after a write that the operating system did not take as a whole. */
  leftUnread(): void;
  /** Runs the callback once, when the socket has drained. */
  whenDrained(callback: () => void, step: 'subscriptions'): void;
}

/** The operation that a sink belongs to. */
export interface SinkOwner {
  readonly id: string;
  /** The server ends the subscription with this result. Called at most once. */
  refused(result: ExecutionResult): void;
}

/**
 * The sink of one subscription. It writes whole frames directly to the socket below the WebSocket. ws writes
 * whole frames to the same socket too (uncompressed and unfragmented), so both can share it.
 */
export class WebSocketSink implements Audience<OpenFrames> {
  readonly framing: WebSocketFraming;
  /** The operation's id, escaped as in JSON. */
  readonly #id: string;

  constructor(
    private readonly outlet: Outlet,
    private readonly owner: SinkOwner,
    framings: WebSocketFramings,
  ) {
    const { id } = owner;
    const quoted = JSON.stringify(id);
    // If the id needs no escapes, reuse the string instead of keeping a copy.
    this.#id = quoted.length === id.length + 2 ? id : quoted.slice(1, -1);
    this.framing = framings.forIdOf(Buffer.byteLength(this.#id));
  }

  get full(): boolean {
    return this.outlet.socket.writableNeedDrain;
  }

  write(frames: OpenFrames): void {
    const { outlet } = this;
    if (!outlet.mayWrite()) return;
    frames.writeTo(outlet.socket, this.#id);
    if (outlet.socket.writableLength > 0) outlet.leftUnread();
  }

  whenDrained(callback: () => void): void {
    this.outlet.whenDrained(callback, 'subscriptions');
  }

  refused(result: ExecutionResult): void {
    this.owner.refused(result);
  }
}
