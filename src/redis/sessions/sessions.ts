import { createHash, randomBytes } from 'node:crypto';
import { parseRoles, type SessionStore } from '#domain/viewer.js';
import type { Commands } from '#redis/client/commands.js';
import { eachOrUnavailable, orUnavailable, unlessAllAway } from '#redis/client/errors.js';
import { sessionKey } from '#redis/client/keys.js';
import { chunks } from '#redis/client/members.js';
import { loadScript } from '#redis/client/script.js';

/** Settings of `createSessions`. */
export interface SessionsOptions {
  commands: Commands;
  /** Lifetime of an unused session, in milliseconds. */
  ttlMs: number;
}

/** Random bytes in a token. */
const TOKEN_BYTES = 32;

/** Extend a session when less than this share of its lifetime is left, so that most uses only read. */
const EXTEND_BELOW = 0.9;

/** Sessions checked per batch. Commands of other callers get in between batches. */
const BATCH_SIZE = 500;

const UNAVAILABLE = 'Your session cannot be checked right now. Try again shortly.';

/**
 * Stores sessions as hashes that expire. Redis has only a digest of each token, so reading Redis or its
 * backups does not let anyone impersonate a user.
 */
export function createSessions({ commands, ttlMs }: SessionsOptions): SessionStore {
  const start = loadScript(commands, 'sessions/lua/start-session-1.lua');
  const read = loadScript(commands, 'sessions/lua/read-session-1.lua');
  const extendBelowMs = Math.floor(ttlMs * EXTEND_BELOW);

  /** Whether a session has ended. A live one counts as used and is extended. */
  async function hasEnded(sessionId: string): Promise<boolean> {
    const key = sessionKey(sessionId);
    const leftMs = await commands.pttl(key);
    if (leftMs >= 0 && leftMs < extendBelowMs) return (await commands.pexpire(key, ttlMs)) === 0;
    // PTTL returns -2 for a missing key. -1 is a key without expiry, which someone made by hand.
    return leftMs === -2;
  }

  return {
    start: (name, roles) =>
      orUnavailable(UNAVAILABLE, async () => {
        const token = randomBytes(TOKEN_BYTES).toString('base64url');
        const user = { id: `user:${randomBytes(12).toString('base64url')}`, name };
        await start([sessionKey(sessionIdOf(token))], [user.id, name, roles.join(' '), ttlMs]);
        return { token, user };
      }),

    find: (token) =>
      orUnavailable(UNAVAILABLE, async () => {
        const sessionId = sessionIdOf(token);
        const session = (await read([sessionKey(sessionId)], [ttlMs, extendBelowMs])) as string[] | null;
        if (session === null) return null;
        const [id = '', name = '', roles = ''] = session;
        return { user: { id, name }, roles: parseRoles(roles), sessionId };
      }),

    end: (sessionId) =>
      orUnavailable(UNAVAILABLE, async () => (await commands.del(sessionKey(sessionId))) > 0),

    findEnded: (sessionIds) =>
      orUnavailable(UNAVAILABLE, async () => {
        const ended: string[] = [];
        for (const batch of chunks(sessionIds, BATCH_SIZE)) {
          const answers = unlessAllAway(await eachOrUnavailable(UNAVAILABLE, batch.map(hasEnded)));
          ended.push(...batch.filter((_, index) => answers[index] === true));
        }
        return ended;
      }),
  };
}

/** The id of a session: a digest of its token, from which the token cannot be recovered. */
export function sessionIdOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
