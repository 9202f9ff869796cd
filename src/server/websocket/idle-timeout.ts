import type { Connection } from './connection.js';
import { CLOSINGS } from './protocol.js';

/** How often connections are looked at within the timeout. */
const LOOKS = 4;

/**
 * Closes connections that have had no operation for `timeoutMs`, or up to a quarter longer, with 1000. A client
 * that wants something connects again. One timer serves all of them; 0 turns it off.
 */
export class IdleTimeout {
  readonly #timer: NodeJS.Timeout | undefined;
  /** How many looks in a row found a connection without an operation, old or new. */
  readonly #idle = new Map<Connection, { begun: number; looks: number }>();

  constructor(
    private readonly connections: ReadonlySet<Connection>,
    timeoutMs: number,
  ) {
    if (timeoutMs > 0) this.#timer = setInterval(() => this.#look(), timeoutMs / LOOKS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const connection of this.#idle.keys()) {
      if (!this.connections.has(connection)) this.#idle.delete(connection);
    }
    for (const connection of this.connections) {
      if (connection.operations.size > 0) {
        this.#idle.delete(connection);
        continue;
      }
      const { begun } = connection;
      const known = this.#idle.get(connection);
      if (known === undefined || known.begun !== begun) this.#idle.set(connection, { begun, looks: 0 });
      else if (++known.looks >= LOOKS) connection.close(CLOSINGS.idle);
    }
  }
}
