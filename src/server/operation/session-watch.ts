import type { SessionStore, Viewer } from '#domain/viewer.js';

/** Why a connection's viewer is no longer signed in. */
export type SignInEnd = 'session ended' | 'token expired';

/** A long-lived connection of a viewer. It must end when the viewer's session or token does. */
export interface WatchedConnection {
  /** Null for a guest. Must not change while the connection is watched. */
  readonly viewer: Viewer | null;
  /** Called once. Must not throw. */
  signInEnded(why: SignInEnd): void;
}

export interface SessionWatchOptions {
  sessions: Pick<SessionStore, 'findEnded'>;
  /** How often to check, in milliseconds. The end of a session is noticed within this time on every node. */
  everyMs: number;
  /** Called if the sessions could not be checked. They are checked again next time. */
  onFault(error: unknown): void;
}

/**
 * Ends this node's open connections when their session or token ends. One timer checks all connections and
 * queries Redis once per session. Polling detects every cause. A pub/sub message would arrive sooner, but it
 * can be lost, and there is none if a session expires or is deleted by hand.
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
    // Redis may be slow, so run one check at a time.
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
