import { CLOSINGS, type Closing } from './protocol.js';

/** A connection that waits for connection_init. */
interface Waiting {
  close(closing: Closing): void;
}

/** How often waiting connections are looked at within the timeout. */
const LOOKS = 10;

/** Closes connections that send no connection_init in time, with 4408. One timer serves all of them. */
export class InitTimeout {
  /** Since when each one waits, oldest first. */
  readonly #waiting = new Map<Waiting, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly timeoutMs: number) {
    this.#timer = setInterval(() => this.#look(), timeoutMs / LOOKS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  watch(connection: Waiting): void {
    this.#waiting.set(connection, performance.now());
  }

  /** It has sent connection_init, or is closed. */
  settle(connection: Waiting): void {
    this.#waiting.delete(connection);
  }

  #look(): void {
    const latest = performance.now() - this.timeoutMs;
    for (const [connection, since] of this.#waiting) {
      if (since > latest) return;
      this.#waiting.delete(connection);
      connection.close(CLOSINGS.initTimeout);
    }
  }
}
