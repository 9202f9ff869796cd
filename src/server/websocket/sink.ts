import type { Duplex } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Audience } from '#fanout/delivery/sink.js';
import type { OpenFrames, WebSocketFraming, WebSocketFramings } from './framing.js';

/** A WebSocket, as its operations write to it. */
export interface Outlet {
  /** The socket beneath. */
  readonly socket: Duplex;
  /** Whether frames may still be written: after a close frame nothing may follow. */
  readonly isOpen: boolean;
  /** Calls back once, when the socket has drained. */
  whenDrained(callback: () => void): void;
  /** The server ends an operation; that result is its last. */
  refused(operationId: string, result: ExecutionResult): void;
}

/**
 * One operation on one WebSocket. It writes whole frames to the socket beneath, beside those that the
 * WebSocket writes itself: both write whole frames at once (no compression, no fragments), so that they
 * stand one after the other on the wire.
 */
export class WebSocketSink implements Audience<OpenFrames> {
  readonly framing: WebSocketFraming;
  /** As it stands in JSON. */
  readonly #id: string;

  constructor(
    private readonly outlet: Outlet,
    operationId: string,
    framings: WebSocketFramings,
  ) {
    const quoted = JSON.stringify(operationId);
    // An id that needs no escapes is the one that graphql-ws keeps already.
    this.#id = quoted.length === operationId.length + 2 ? operationId : quoted.slice(1, -1);
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
    this.outlet.refused(JSON.parse(`"${this.#id}"`), result);
  }
}
