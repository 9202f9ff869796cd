import type { Duplex } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Audience } from '#fanout/delivery/sink.js';
import type { OpenFrames, WebSocketFraming, WebSocketFramings } from './framing.js';

/** A connection, as the sinks of its subscriptions write to it. */
export interface Outlet {
  /** The socket below the WebSocket. */
  readonly socket: Duplex;
  /** Whether frames may still be written. Nothing may follow a close frame. */
  readonly isOpen: boolean;
  /** Calls back once, when the socket has drained. */
  whenDrained(callback: () => void): void;
}

/** The operation that a sink belongs to. */
export interface SinkOwner {
  readonly id: string;
  /** The server ends the subscription, with this last result. Called once at most. */
  refused(result: ExecutionResult): void;
}

/**
 * Where one subscription's events go: whole frames, written to the socket below the WebSocket. ws writes whole
 * frames to the same socket (uncompressed, unfragmented), so both can share it.
 */
export class WebSocketSink implements Audience<OpenFrames> {
  readonly framing: WebSocketFraming;
  /** The operation's id as it stands in JSON. */
  readonly #id: string;

  constructor(
    private readonly outlet: Outlet,
    private readonly owner: SinkOwner,
    framings: WebSocketFramings,
  ) {
    const { id } = owner;
    const quoted = JSON.stringify(id);
    // An id without escapes is kept already.
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
