import { WebSocket } from 'ws';
import { inSlices } from '../fanout/slices.js';
import type { Session } from './websocket-session.js';

/**
 * Finds half-open sockets: each is pinged at intervals, and one that has not answered by the next time is
 * ended. One timer for all of them, and a turn for others in between: ten thousand pings take a while.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #isBeating = false;

  constructor(
    private readonly sessions: ReadonlySet<Session>,
    intervalMs: number,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.#timer = setInterval(() => this.#beat(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    // One beat at a time: a socket must have had the interval to answer in.
    if (this.#isBeating) return;
    this.#isBeating = true;
    inSlices(this.sessions, probe)
      .catch(this.onFault)
      .finally(() => {
        this.#isBeating = false;
      });
  }
}

function probe(session: Session): void {
  const { webSocket } = session;
  if (webSocket.readyState !== WebSocket.OPEN) return;
  if (session.isSilent) {
    webSocket.terminate();
    return;
  }
  session.isSilent = true;
  webSocket.ping();
}
