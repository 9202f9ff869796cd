import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { inSlices } from '#fanout/slices.js';
import type { Connection } from './connection.js';

/**
 * Detects half-open connections. Each is pinged at intervals, and terminated
 * if it has not answered by the next ping. One timer serves all connections,
 * and the pings are sent in slices, so that they do not block the event loop.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  /**
   * The payload of a valid pong. It changes with each ping, so a client that does not read cannot guess it.
   */
  #proof: Buffer = randomBytes(4);
  #isBeating = false;

  constructor(
    private readonly connections: ReadonlySet<Connection>,
    intervalMs: number,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.#timer = setInterval(() => this.#beat(), intervalMs).unref();
  }

  /** Whether a pong with this payload answers the last ping. */
  isAnswer(data: Buffer): boolean {
    return data.equals(this.#proof);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    // Finish one round before the next, so that each connection has the whole interval to answer.
    if (this.#isBeating) return;
    this.#isBeating = true;
    this.#proof = randomBytes(4);
    inSlices(this.connections, (connection) => probe(connection, this.#proof))
      .catch(this.onFault)
      .finally(() => {
        this.#isBeating = false;
      });
  }
}

function probe(connection: Connection, proof: Buffer): void {
  const { webSocket } = connection;
  if (webSocket.readyState !== WebSocket.OPEN) return;
  if (connection.isSilent) {
    webSocket.terminate();
    return;
  }
  connection.isSilent = true;
  webSocket.ping(proof);
}
