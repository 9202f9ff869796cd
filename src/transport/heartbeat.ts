import { WebSocket } from 'ws';
import type { Session } from './websocket-session.js';

/**
 * Finds half-open sockets: each is pinged at intervals, and one that has not answered by the next time is
 * ended. One timer for all of them.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly sessions: ReadonlySet<Session>,
    intervalMs: number,
  ) {
    this.#timer = setInterval(() => this.#beat(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    for (const session of this.sessions) {
      const { webSocket } = session;
      if (webSocket.readyState !== WebSocket.OPEN) continue;
      if (session.isSilent) {
        webSocket.terminate();
        continue;
      }
      session.isSilent = true;
      webSocket.ping();
    }
  }
}
