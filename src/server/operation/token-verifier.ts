import { unauthenticated } from '#domain/errors.js';
import type { SessionStore, TokenVerifier } from '#domain/viewer.js';

/** A session token: 32 bytes in base64url. It contains no dots, so it cannot be mistaken for a JWT. */
const SESSION_TOKEN = /^[\w-]{43}$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The maximum length of a token. Longer ones are refused without decoding them. */
const MAX_LENGTH = 8_192;

/**
 * Creates the verifier for all transports. It accepts
 * session tokens, and the platform's JWTs if `jwt` is given.
 */
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
        throw unauthenticated('The session has ended. Start a new one, or sign in again.');
      }
      if (jwt && token.length <= MAX_LENGTH && JWT.test(token)) return jwt.verify(token);
      throw unauthenticated('The token is not valid.');
    },
  };
}
