/**
 * The platform's own tokens: signed, with an end, from one issuer and for this chat.
 *
 *   sub    the user's id
 *   name   the display name; the id where there is none
 *   roles  a list, or a text with spaces between them: viewer, moderator, service
 *   exp    until when
 */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { serviceUnavailable, unauthenticated } from '#domain/errors.js';
import { cleanName } from '#domain/text-rules.js';
import { parseRoles, type TokenVerifier, type Viewer } from '#domain/viewer.js';

export interface JwtOptions {
  /** What both sides know, or where the issuer publishes its keys. */
  key: { secret: string } | { jwksUrl: string };
  issuer: string;
  audience: string;
  /** Characters in a display name; a longer one is cut. */
  nameLength: number;
  /** How long the issuer may take to give its keys, in milliseconds. */
  timeoutMs: number;
}

/** Never what the token itself asks for: `none`, or a public key taken for a secret, must not count. */
const SHARED_SECRET = ['HS256', 'HS384', 'HS512'];
const KEY_PAIRS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];

/** How far the clocks of the issuer and of this server may be apart, in seconds. */
const CLOCK_TOLERANCE = 5;

/** Characters in a user's id. */
const MAX_ID_LENGTH = 128;

export function createJwtVerifier(options: JwtOptions): TokenVerifier {
  const { key, issuer, audience } = options;
  const isShared = 'secret' in key;
  const secret = isShared ? new TextEncoder().encode(key.secret) : undefined;
  const getKey: JWTVerifyGetKey = isShared
    ? async () => secret as Uint8Array
    : createRemoteJWKSet(new URL(key.jwksUrl), { timeoutDuration: options.timeoutMs });
  const rules = {
    issuer,
    audience,
    algorithms: isShared ? SHARED_SECRET : KEY_PAIRS,
    requiredClaims: ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE,
  };

  return {
    verify: async (token) => {
      const { payload } = await jwtVerify(token, getKey, rules).catch((error: unknown): never => {
        throw asRefusal(error);
      });
      return viewerOf(payload, options.nameLength);
    },
  };
}

function asRefusal(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return unauthenticated('The token has expired.', error);
  if (error instanceof errors.JWKSTimeout || !isOfTheToken(error)) {
    return serviceUnavailable('The token cannot be checked at the moment. Please try again.', error);
  }
  return unauthenticated('The token is not valid.', error);
}

/** Whether it is the token that is wrong, and not the way to the keys or what was found there. */
function isOfTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    // A failed answer of the key server is told by jose's general code.
    error.code !== 'ERR_JOSE_GENERIC' &&
    !(error instanceof errors.JWKSInvalid)
  );
}

function viewerOf({ sub, exp, name, roles }: JWTPayload, nameLength: number): Viewer {
  const id = sub ?? '';
  if (id.length === 0 || id.length > MAX_ID_LENGTH || /\p{Cc}/u.test(id) || id.startsWith('guest:')) {
    throw unauthenticated('The token names no user.');
  }
  const shownName = nameIn(name, nameLength) || nameIn(id, nameLength);
  if (shownName === '') throw unauthenticated('The token names no user.');
  return {
    user: { id, name: shownName },
    roles: parseRoles(roles),
    expiresAt: ((exp as number) + CLOCK_TOLERANCE) * 1_000,
  };
}

/** A claim as a name that the chat can show: cut and cleaned, not refused. Empty if the claim holds no such name. */
function nameIn(claim: unknown, length: number): string {
  if (typeof claim !== 'string') return '';
  const text = cleanName(claim.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
  // Clean again: the cut may have split an emoji.
  return cleanName(Array.from(text).slice(0, length).join(''));
}
