import type { SessionStore, Viewer } from '#domain/viewer.js';

/** Why a connection's viewer is no longer signed in. */
export type SignInEnd = 'session ended' | 'token expired';

/** A connection that stays open in a viewer's name. It ends when the viewer's session or token does. */
export interface WatchedConnection {
  /** Null for a guest. Must not change while the connection is watched. */
  readonly viewer: Viewer | null;
  /** Called once. Must not throw. */
  signInEnded(why: SignInEnd): void;
}

export interface SessionWatchOptions {
  sessions: Pick<SessionStore, 'findEnded'>;
  /** How often to check, in milliseconds. A session that ended anywhere is noticed within this time. */
  everyMs: number;
  /** Called if the sessions could not be checked. They are checked again next time. */
  onFault(error: unknown): void;
}

/**
 * Ends this node's open connections when their session or token ends. One timer checks all of them, and asks
 * Redis once for each session. That finds every cause of an end. A message on a channel would arrive sooner,
 * but can be missed, and does not cover a session that expired or was deleted by hand.
 */
export class SessionWatch {
  readonly #bySession = new Map<string, Set<WatchedConnection>>();
  readonly #withExpiry = new Set<WatchedConnection>();
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;

  constructor(private readonly options: SessionWatchOptions) {
    this.#timer = setInterval(() => this.#check(), options.everyMs).unref();
  }

  /** Watches a connection until it is removed. Does nothing for a guest. */
  add(connection: WatchedConnection): void {
    const { viewer } = connection;
    if (viewer?.expiresAt !== undefined) this.#withExpiry.add(connection);
    if (viewer?.sessionId === undefined) return;
    const others = this.#bySession.get(viewer.sessionId);
    if (others === undefined) this.#bySession.set(viewer.sessionId, new Set([connection]));
    else others.add(connection);
  }

  /** Stops watching a connection. Safe to call twice, and for a connection that was never added. */
  remove(connection: WatchedConnection): void {
    this.#withExpiry.delete(connection);
    const sessionId = connection.viewer?.sessionId;
    if (sessionId === undefined) return;
    const others = this.#bySession.get(sessionId);
    others?.delete(connection);
    if (others?.size === 0) this.#bySession.delete(sessionId);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = Date.now();
    for (const connection of [...this.#withExpiry]) {
      if ((connection.viewer?.expiresAt ?? now) <= now) this.#end(connection, 'token expired');
    }
    // Redis may answer slowly, so there is one request at a time.
    if (this.#isAsking || this.#bySession.size === 0) return;
    this.#isAsking = true;
    this.#checkSessions()
      .catch(this.options.onFault)
      .finally(() => {
        this.#isAsking = false;
      });
  }

  async #checkSessions(): Promise<void> {
    const ended = await this.options.sessions.findEnded([...this.#bySession.keys()]);
    for (const sessionId of ended) {
      for (const connection of [...(this.#bySession.get(sessionId) ?? [])]) {
        this.#end(connection, 'session ended');
      }
    }
  }

  #end(connection: WatchedConnection, why: SignInEnd): void {
    this.remove(connection);
    connection.signInEnded(why);
  }
}
