import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import { ChatError } from '#domain/errors.js';
import type { TokenVerifier, Viewer } from '#domain/viewer.js';

const BEARER = /^Bearer(?: +(.*))?$/i;

/** The HTTP status for a token that is invalid or cannot be checked. */
const STATUS: Partial<Record<string, number>> = { UNAUTHENTICATED: 401, SERVICE_UNAVAILABLE: 503 };

/**
 * The viewer of an HTTP request; null if it has no token. Throws a GraphQLError with an HTTP status if the
 * token is invalid or cannot be checked.
 */
export async function authenticateRequest(
  { headers }: IncomingMessage,
  verifier: TokenVerifier,
): Promise<Viewer | null> {
  const token = bearerToken(headers.authorization);
  if (token === undefined) return null;
  try {
    return await verifier.verify(token);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    const http = {
      status: STATUS[error.code] ?? 500,
      ...(error.code === 'UNAUTHENTICATED' && { headers: { 'WWW-Authenticate': 'Bearer' } }),
    };
    throw new GraphQLError(error.message, { extensions: { code: error.code, ...error.details, http } });
  }
}

/**
 * The token in the payload of connection_init: `{ authorization: 'Bearer …' }` or `{ token }`, in upper or
 * lower case. Undefined for a guest.
 */
export function tokenInPayload(payload: Readonly<Record<string, unknown>> = {}): string | undefined {
  for (const [name, value] of Object.entries(payload)) {
    const key = name.toLowerCase();
    if (key !== 'authorization' && key !== 'token') continue;
    if (value == null) continue;
    // Return an invalid token, because this client does not want to be a guest.
    if (typeof value !== 'string') return '';
    const token = key === 'token' ? value : bearerToken(value);
    if (token !== undefined) return token;
  }
  return undefined;
}

/** Undefined for any scheme other than Bearer, which may be meant for a proxy in front of this server. */
function bearerToken(authorization: string | undefined): string | undefined {
  const found = BEARER.exec(authorization ?? '');
  return found === null ? undefined : (found[1] ?? '').trim();
}
