import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { inSlices } from '#fanout/slices.js';
import type { Session } from './connection.js';

/**
 * Finds half-open sockets: each is pinged at intervals, and one that has not answered by the next time is
 * ended. One timer for all of them, and a turn for others in between: ten thousand pings take a while.
 */
export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  /** What an answer holds. It is another one each time: who does not read cannot know it, and answer. */
  #proof: Buffer = randomBytes(4);
  #isBeating = false;

  constructor(
    private readonly sessions: ReadonlySet<Session>,
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
    // One beat at a time: a socket must have had the interval to answer in.
    if (this.#isBeating) return;
    this.#isBeating = true;
    this.#proof = randomBytes(4);
    inSlices(this.sessions, (session) => probe(session, this.#proof))
      .catch(this.onFault)
      .finally(() => {
        this.#isBeating = false;
      });
  }
}

function probe(session: Session, proof: Buffer): void {
  const { webSocket } = session;
  if (webSocket.readyState !== WebSocket.OPEN) return;
  if (session.isSilent) {
    webSocket.terminate();
    return;
  }
  session.isSilent = true;
  webSocket.ping(proof);
}
