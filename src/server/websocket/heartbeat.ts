import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { inSlices } from '#fanout/slices.js';
import type { Connection } from './connection.js';

/**
 * Finds half-open connections: each is pinged at intervals, and ended if it has not answered by the next ping.
 * One timer serves all of them, and other work gets its turn in between: ten thousand pings take a while.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  /** What a valid pong holds. It changes with each beat: a client that does not read cannot guess it. */
  #proof: Buffer = randomBytes(4);
  #isBeating = false;

  constructor(
    private readonly connections: ReadonlySet<Connection>,
    intervalMs: number,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.#timer = setInterval(() => this.#beat(), intervalMs).unref();
  }

  /** Whether a pong answers the last ping. */
  isAnswer(data: Buffer): boolean {
    return data.equals(this.#proof);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    // One beat at a time: each connection has the whole interval to answer.
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
