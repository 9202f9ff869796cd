import type { RateLimiter, SlowModes } from '#domain/ports/limiter.js';
import type { SessionStore } from '#domain/viewer.js';

/** The services of a context other than messages and rooms: no sessions and no limits. */
export function otherServices() {
  const sessions: SessionStore = {
    start: async (name) => ({ token: 'token', user: { id: 'user:1', name } }),
    find: async () => null,
    end: async () => false,
    findEnded: async () => [],
  };
  const slowModes: SlowModes = {
    set: async () => undefined,
    of: async (roomIds) => roomIds.map(() => 0),
  };
  const limiter: RateLimiter = { take: () => undefined, takeRoom: () => undefined };
  return { sessions, slowModes, limiter, openSessions: true };
}
