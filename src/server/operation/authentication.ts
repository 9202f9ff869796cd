import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import { ChatError } from '#domain/errors.js';
import type { TokenVerifier, Viewer } from '#domain/viewer.js';

const BEARER = /^Bearer(?: +(.*))?$/i;

/** The status of a request that is refused for its token, or since that cannot be checked. */
const STATUS: Partial<Record<string, number>> = { UNAUTHENTICATED: 401, SERVICE_UNAVAILABLE: 503 };

/** Who makes an HTTP request: null where it carries no token. Throws an error that has the status with it. */
export async function viewerOfRequest(
  { headers }: IncomingMessage,
  verifier: TokenVerifier,
): Promise<Viewer | null> {
  const token = tokenIn(headers.authorization);
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

/** The token in connection_init's payload: `{ authorization: 'Bearer …' }` or `{ token }`, in any case of letters. */
export function tokenOfConnection(payload: Readonly<Record<string, unknown>> = {}): string | undefined {
  for (const [name, value] of Object.entries(payload)) {
    const key = name.toLowerCase();
    if (key !== 'authorization' && key !== 'token') continue;
    if (value == null) continue;
    // What is no text is no token either: it is refused like any that is wrong.
    if (typeof value !== 'string') return '';
    const token = key === 'token' ? value : tokenIn(value);
    if (token !== undefined) return token;
  }
  return undefined;
}

/** Of another scheme than Bearer, as a proxy before us may use one, nothing is known here. */
function tokenIn(authorization: string | undefined): string | undefined {
  const found = BEARER.exec(authorization ?? '');
  return found === null ? undefined : (found[1] ?? '').trim();
}
