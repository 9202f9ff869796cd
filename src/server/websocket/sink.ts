import type { Duplex } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Audience } from '#fanout/delivery/sink.js';
import type { OpenFrames, WebSocketFraming, WebSocketFramings } from './framing.js';

/** The part of a connection that the sinks of its subscriptions use. */
export interface Outlet {
  /** The socket below the WebSocket. */
  readonly socket: Duplex;
  /** Whether frames may still be written. No frame may follow a close frame. */
  readonly isOpen: boolean;
  /** Runs the callback once, when the socket has drained. */
  whenDrained(callback: () => void): void;
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
    if (this.outlet.isOpen) frames.writeTo(this.outlet.socket, this.#id);
  }

  whenDrained(callback: () => void): void {
    this.outlet.whenDrained(callback);
  }

  refused(result: ExecutionResult): void {
    this.owner.refused(result);
  }
}
