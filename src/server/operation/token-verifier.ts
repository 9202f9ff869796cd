import { unauthenticated } from '#domain/errors.js';
import type { SessionStore, TokenVerifier } from '#domain/viewer.js';

/** A session's token: 32 bytes in base64url, which has no dots as a JWT has. */
const SESSION_TOKEN = /^[\w-]{43}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Characters in a token: what is longer is not looked at. */
const MAX_LENGTH = 8_192;

/** One verifier for all tokens and all transports: those of sessions, and the platform's where it has some. */
export function createVerifier({
  sessions,
  jwt,
}: {
  sessions: Pick<SessionStore, 'find'>;
  jwt: TokenVerifier | undefined;
}): TokenVerifier {
  return {
    verify: async (token) => {
      if (SESSION_TOKEN.test(token)) {
        const viewer = await sessions.find(token);
        if (viewer) return viewer;
        throw unauthenticated('The session has ended. Start another, or sign in again.');
      }
      if (jwt && token.length <= MAX_LENGTH && JWT.test(token)) return jwt.verify(token);
      throw unauthenticated('The token is not valid.');
    },
  };
}
