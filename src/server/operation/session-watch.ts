import type { SessionStore, Viewer } from '#domain/viewer.js';

/** Why a viewer is none any more. */
export type ViewerEnd = 'session ended' | 'token expired';

/** Something that stays open in a viewer's name, and ends with the viewer's session or token. */
export interface LiveViewer {
  readonly viewer: Viewer | null;
  /** Told once. Must not throw. */
  viewerEnded(why: ViewerEnd): void;
}

export interface LiveViewersOptions {
  sessions: Pick<SessionStore, 'findEnded'>;
  /** How often they are looked at, in milliseconds: a session that was ended anywhere is over here by then. */
  everyMs: number;
  /** The sessions could not be looked at; they are at the next time. */
  onFault(error: unknown): void;
}

/**
 * What is open in a viewer's name on this node, and its end. One timer looks at all of it: the sessions are
 * asked for in Redis, each once, which finds whatever ended them. A message on a channel would come sooner,
 * but can be missed, and says nothing of a session that expired or was deleted by hand.
 */
export class LiveViewers {
  readonly #bySession = new Map<string, Set<LiveViewer>>();
  readonly #byExpiry = new Set<LiveViewer>();
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  constructor(private readonly options: LiveViewersOptions) {
    this.#timer = setInterval(() => this.#look(), options.everyMs).unref();
  }

  add(live: LiveViewer): void {
    const { viewer } = live;
    if (viewer?.expiresAt !== undefined) this.#byExpiry.add(live);
    if (viewer?.sessionId === undefined) return;
    const others = this.#bySession.get(viewer.sessionId);
    if (others === undefined) this.#bySession.set(viewer.sessionId, new Set([live]));
    else others.add(live);
  }

  /** It is closed. May be called twice, and for what was not added. */
  remove(live: LiveViewer): void {
    this.#byExpiry.delete(live);
    const sessionId = live.viewer?.sessionId;
    if (sessionId === undefined) return;
    const others = this.#bySession.get(sessionId);
    others?.delete(live);
    if (others?.size === 0) this.#bySession.delete(sessionId);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = Date.now();
    for (const live of [...this.#byExpiry]) {
      if ((live.viewer?.expiresAt ?? now) <= now) this.#end(live, 'token expired');
    }
    // One look at a time: Redis may be slow.
    if (this.#isLooking || this.#bySession.size === 0) return;
    this.#isLooking = true;
    this.#lookAtSessions()
      .catch(this.options.onFault)
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #lookAtSessions(): Promise<void> {
    const over = await this.options.sessions.findEnded([...this.#bySession.keys()]);
    for (const sessionId of over) {
      for (const live of [...(this.#bySession.get(sessionId) ?? [])]) this.#end(live, 'session ended');
    }
  }

  #end(live: LiveViewer, why: ViewerEnd): void {
    this.remove(live);
    live.viewerEnded(why);
  }
}
