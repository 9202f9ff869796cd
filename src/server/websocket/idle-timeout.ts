import type { Connection } from './connection.js';
import { CLOSINGS } from './protocol.js';

/** How many times per timeout connections are checked. */
const CHECKS = 4;

/**
 * Closes connections without operations with 1000, after `timeoutMs` or up to a quarter longer. Clients
 * reconnect when they need to. One timer serves all connections. A timeout of 0 means never.
 */
export class IdleTimeout {
  readonly #timer: NodeJS.Timeout | undefined;
  /** The number of consecutive checks that found no open operation and none begun since the first. */
  readonly #idle = new Map<Connection, { begun: number; checks: number }>();

  constructor(
    private readonly connections: ReadonlySet<Connection>,
    timeoutMs: number,
  ) {
    if (timeoutMs > 0) this.#timer = setInterval(() => this.#check(), timeoutMs / CHECKS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
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
      if (known === undefined || known.begun !== begun) this.#idle.set(connection, { begun, checks: 0 });
      else if (++known.checks >= CHECKS) connection.close(CLOSINGS.idle);
    }
  }
}
