/**
 * The platform's own tokens: signed JWTs from one issuer, for this chat, with an expiry.
 *
 *   sub    the user's id
 *   name   the display name; without one, the id is shown
 *   roles  a list, or a text separated by spaces: viewer, moderator, service; in upper or lower case
 *   exp    when the token expires
 *
 * The signature proves who issued a token, not that its claims have the right types: a claim of another type makes
 * the token invalid.
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
  /** Characters in a display name. Longer names are cut. */
  nameLength: number;
  /** How long to wait for the issuer's keys, in milliseconds. */
  timeoutMs: number;
}

/** Chosen by us, never by the token: it could ask for `none`, or for a public key to be used as a secret. */
const SHARED_SECRET = ['HS256', 'HS384', 'HS512'];
const KEY_PAIRS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];

/** How far the issuer's clock may differ from ours, in seconds. */
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
        throw refusalOf(error);
      });
      return viewerOf(payload, options.nameLength);
    },
  };
}

function refusalOf(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return unauthenticated('The token has expired.', error);
  if (error instanceof errors.JWKSTimeout || !isAboutToken(error)) {
    return serviceUnavailable('The token cannot be checked at the moment. Please try again.', error);
  }
  return unauthenticated('The token is not valid.', error);
}

/** Whether the token is wrong, rather than the key server unreachable or its answer unusable. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    // jose reports a failed answer of the key server with its general code.
    error.code !== 'ERR_JOSE_GENERIC' &&
    !(error instanceof errors.JWKSInvalid)
  );
}

function viewerOf({ sub, exp, name, roles }: JWTPayload, nameLength: number): Viewer {
  const id: unknown = sub;
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) throw noUser();
  if (/\p{Cc}/u.test(id) || id.startsWith('guest:')) throw noUser();
  const shownName = displayName(name, nameLength) || displayName(id, nameLength);
  if (shownName === '') throw noUser();
  return {
    user: { id, name: shownName },
    roles: rolesIn(roles),
    expiresAt: ((exp as number) + CLOCK_TOLERANCE) * 1_000,
  };
}

function noUser(): Error {
  return unauthenticated('The token names no user.');
}

function wrongType(claim: string): Error {
  return unauthenticated(`The token is not valid: its claim "${claim}" has the wrong type.`);
}

/** A claim as a name that the chat can show: cut and cleaned, not refused. Empty if it holds no such name. */
function displayName(claim: unknown, length: number): string {
  if (claim == null) return '';
  if (typeof claim !== 'string') throw wrongType('name');
  const text = cleanName(claim.toWellFormed().replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
  // Clean again: the cut may have split an emoji.
  return cleanName(Array.from(text).slice(0, length).join(''));
}

/** The roles that this chat knows; it ignores others. Throws UNAUTHENTICATED for a claim of the wrong type. */
function rolesIn(claim: unknown): Role[] {
  const isText = claim == null || typeof claim === 'string';
  if (!isText && !(Array.isArray(claim) && claim.every((role) => typeof role === 'string'))) {
    throw wrongType('roles');
  }
  return parseRoles(claim);
}
