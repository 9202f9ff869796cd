import type { Session } from './connection.js';

const NORMAL = 1000;

/**
 * Closes sockets that have had no operation for `timeoutMs`, or up to a quarter longer, with 1000: a client that
 * wants something connects again. One timer for all of them; 0 is for ever.
 */
export class IdleTimeout {
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #looks = 4;
  /** Looks at which a session was found as it had been, without an operation. */
  readonly #idle = new Map<Session, { begun: number; looks: number }>();

  constructor(
    private readonly sessions: ReadonlySet<Session>,
    timeoutMs: number,
  ) {
    if (timeoutMs > 0) this.#timer = setInterval(() => this.#look(), timeoutMs / this.#looks).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const session of this.#idle.keys()) if (!this.sessions.has(session)) this.#idle.delete(session);
    for (const session of this.sessions) {
      if (session.hasOperations) {
        this.#idle.delete(session);
        continue;
      }
      const known = this.#idle.get(session);
      if (known === undefined || known.begun !== session.begun)
        this.#idle.set(session, { begun: session.begun, looks: 0 });
      else if (++known.looks >= this.#looks) session.close(NORMAL, 'Idle');
    }
  }
}
