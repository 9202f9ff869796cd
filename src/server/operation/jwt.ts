/**
 * Verifies the platform's own tokens: signed JWTs from one issuer, for this chat, with an expiry.
 *
 *   sub    the user's id
 *   name   the display name; defaults to the id
 *   roles  a list, or a string separated by spaces: viewer, moderator, service, in upper or lower case
 *   exp    when the token expires
 *
 * The signature proves who issued a token, but not that its claims have the right types. A claim of the wrong
 * type makes the token invalid.
 */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { serviceUnavailable, unauthenticated } from '#domain/errors.js';
import { cleanName } from '#domain/text-rules.js';
import { parseRoles, type Role, type TokenVerifier, type Viewer } from '#domain/viewer.js';

export interface JwtOptions {
  /** A shared secret, or the URL where the issuer publishes its public keys. */
  key: { secret: string } | { jwksUrl: string };
  issuer: string;
  audience: string;
  /** Characters in a display name. Longer names are truncated. */
  nameLength: number;
  /** How long to wait for the issuer's keys, in milliseconds. */
  timeoutMs: number;
}

/** Never trust the token's own choice: it could be `none`, or use a public key as a shared secret. */
const SHARED_SECRET = ['HS256', 'HS384', 'HS512'];
const KEY_PAIRS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];

/** How far the issuer's clock may differ from ours, in seconds. */
const CLOCK_TOLERANCE = 5;

/** The maximum number of characters in a user's id. */
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
        throw refusalOf(error);
      });
      return viewerOf(payload, options.nameLength);
    },
  };
}

function refusalOf(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return unauthenticated('The token has expired.', error);
  if (error instanceof errors.JWKSTimeout || !isAboutToken(error)) {
    return serviceUnavailable('The token cannot be verified right now. Try again shortly.', error);
  }
  return unauthenticated('The token is not valid.', error);
}

/** Whether the token is at fault, rather than the key server being unreachable or its response unusable. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    // jose reports an error response of the key server with its generic code.
    error.code !== 'ERR_JOSE_GENERIC' &&
    !(error instanceof errors.JWKSInvalid)
  );
}

function viewerOf({ sub, exp, name, roles }: JWTPayload, nameLength: number): Viewer {
  const id: unknown = sub;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) throw noUser();
  // Redis' JSON decoder refuses lone surrogates, so a message of such a user could not be retracted.
  if (/\p{Cc}/u.test(id) || !id.isWellFormed() || id.startsWith('guest:')) throw noUser();
  const shownName = displayName(name, nameLength) || displayName(id, nameLength);
  if (shownName === '') throw noUser();
  return {
    user: { id, name: shownName },
    roles: rolesIn(roles),
    expiresAt: ((exp as number) + CLOCK_TOLERANCE) * 1_000,
  };
}

function noUser(): Error {
  return unauthenticated('The token does not name a user.');
}

function wrongType(claim: string): Error {
  return unauthenticated(`The token is not valid: its claim "${claim}" has the wrong type.`);
}

/**
 * A claim as a display name. It is truncated and cleaned
 * instead of refused. Empty if nothing visible is left.
 */
function displayName(claim: unknown, length: number): string {
  if (claim == null) return '';
  if (typeof claim !== 'string') throw wrongType('name');
  const text = cleanName(claim.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
  // Clean it again, because truncation may have split an emoji.
  return cleanName(Array.from(text).slice(0, length).join(''));
}

/** The roles in a claim. Ignores unknown ones. Throws UNAUTHENTICATED for a claim of the wrong type. */
function rolesIn(claim: unknown): Role[] {
  const isText = claim == null || typeof claim === 'string';
  if (!isText && !(Array.isArray(claim) && claim.every((role) => typeof role === 'string'))) {
    throw wrongType('roles');
  }
  return parseRoles(claim);
}
