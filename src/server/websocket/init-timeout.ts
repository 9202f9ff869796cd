import { CLOSINGS, type Closing } from './protocol.js';

/** A connection that waits for connection_init. */
interface Waiting {
  close(closing: Closing): void;
}

/** How many times per timeout waiting connections are checked. */
const CHECKS = 10;

/**
 * Closes connections that do not send connection_init in time with 4408. One timer serves all connections.
 */
export class InitTimeout {
  /** When each waiting connection was opened, oldest first. */
  readonly #waiting = new Map<Waiting, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly timeoutMs: number) {
    this.#timer = setInterval(() => this.#check(), timeoutMs / CHECKS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  watch(connection: Waiting): void {
    this.#waiting.set(connection, performance.now());
  }

  /** Stops watching a connection that has sent connection_init or has closed. */
  settle(connection: Waiting): void {
    this.#waiting.delete(connection);
  }

  #check(): void {
    const latest = performance.now() - this.timeoutMs;
    for (const [connection, since] of this.#waiting) {
      if (since > latest) return;
      this.#waiting.delete(connection);
      connection.close(CLOSINGS.initTimeout);
    }
  }
}
