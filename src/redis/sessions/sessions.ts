import { createHash, randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ROLES, type Role, type SessionStore } from '#domain/viewer.js';
import { orUnavailable } from '#redis/client/errors.js';
import { sessionKey } from '#redis/client/keys.js';
import { chunks } from '#redis/client/members.js';
import { loadScript } from '#redis/client/script.js';

/** What the sessions are made of. */
export interface SessionsOptions {
  /** With autopipelining: what is asked in one turn of the event loop is one round trip. */
  commands: Redis;
  /** How long a session lasts without being used, in milliseconds. */
  ttlMs: number;
}

/** Bytes of a token: more than anybody can guess. */
const TOKEN_BYTES = 32;

/** A session is prolonged once a tenth of its time is gone. */
const PROLONG_BELOW = 0.9;

/** Sessions asked for together: what is asked meanwhile by others does not wait for all of them. */
const AT_ONCE = 500;

const AWAY = 'Who you are cannot be looked up at the moment. Please try again.';

/**
 * Sessions as hashes that expire. Redis holds a digest of each token and not the token, so that whoever reads
 * Redis, or a copy of it, cannot act as anybody.
 */
export function createSessions({ commands, ttlMs }: SessionsOptions): SessionStore {
  const start = loadScript(commands, new URL('./lua/start-session-1.lua', import.meta.url));
  const read = loadScript(commands, new URL('./lua/read-session-1.lua', import.meta.url));
  const prolongBelow = Math.floor(ttlMs * PROLONG_BELOW);

  /** Whether it is over; where it is not, it is in use. */
  async function isOver(sessionId: string): Promise<boolean> {
    const key = sessionKey(sessionId);
    const leftMs = await commands.pttl(key);
    if (leftMs >= 0 && leftMs < prolongBelow) return (await commands.pexpire(key, ttlMs)) === 0;
    // Without an expiry it is not one of ours, and there all the same.
    return leftMs === -2;
  }

  return {
    start: (name, roles) =>
      orUnavailable(AWAY, async () => {
        const token = randomBytes(TOKEN_BYTES).toString('base64url');
        const user = { id: `user:${randomBytes(12).toString('base64url')}`, name };
        await start([sessionKey(sessionIdOf(token))], [user.id, name, roles.join(' '), ttlMs]);
        return { token, user };
      }),

    find: (token) =>
      orUnavailable(AWAY, async () => {
        const sessionId = sessionIdOf(token);
        const session = (await read([sessionKey(sessionId)], [ttlMs, prolongBelow])) as string[] | null;
        if (session === null) return null;
        const [id = '', name = '', roles = ''] = session;
        return { user: { id, name }, roles: rolesIn(roles), sessionId };
      }),

    end: (sessionId) => orUnavailable(AWAY, async () => (await commands.del(sessionKey(sessionId))) > 0),

    over: (sessionIds) =>
      orUnavailable(AWAY, async () => {
        const over: string[] = [];
        for (const part of chunks(sessionIds, AT_ONCE)) {
          const answers = await Promise.all(part.map(isOver));
          over.push(...part.filter((_, index) => answers[index]));
        }
        return over;
      }),
  };
}

/** What a session is kept under: it can be made from the token, and the token not from it. */
export function sessionIdOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** A role that this version does not know counts for nothing. */
function rolesIn(text: string): Role[] {
  const named = text.split(' ');
  return ROLES.filter((role) => role === 'viewer' || named.includes(role));
}
