import { CloseCode } from 'graphql-ws';
import type { Session } from './connection.js';

/** How often the sockets that wait are looked at, within the time they have. */
const LOOKS = 10;

/** Closes sockets that send no connection_init in time, with 4408. One timer for all of them. */
export class InitTimeout {
  /** Since when each one waits, oldest first. */
  readonly #waiting = new Map<Session, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly timeoutMs: number) {
    this.#timer = setInterval(() => this.#look(), timeoutMs / LOOKS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  watch(session: Session): void {
    this.#waiting.set(session, performance.now());
  }

  /** It has sent one, or is closed. */
  settle(session: Session): void {
    this.#waiting.delete(session);
  }

  #look(): void {
    const latest = performance.now() - this.timeoutMs;
    for (const [session, since] of this.#waiting) {
      if (since > latest) return;
      this.#waiting.delete(session);
      session.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
    }
  }
}
