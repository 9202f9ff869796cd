import type { Viewer } from '#domain/viewer.js';
import { tokenInPayload } from '#server/operation/authentication.js';
import type { Engine } from '#server/operation/engine.js';
import type { SessionWatch, WatchedConnection } from '#server/operation/session-watch.js';
import { CLOSINGS, type Closing } from './protocol.js';

export interface SignInOptions {
  readonly engine: Engine;
  readonly sessionWatch: SessionWatch;
}

/** A connection during its sign-in. */
export interface SigningIn extends WatchedConnection {
  viewer: Viewer | null;
  readonly isOpen: boolean;
}

/**
 * Signs a connection in with the payload of its connection_init. Without a token the viewer is a guest, and
 * the function returns undefined. Otherwise it resolves once the token has been verified: to undefined, or to
 * how the connection must be closed, which is 4403 for an invalid token and 1013 if it could not be verified.
 */
export function signIn(
  connection: SigningIn,
  payload: Readonly<Record<string, unknown>>,
  options: SignInOptions,
): undefined | Promise<Closing | undefined> {
  const token = tokenInPayload(payload);
  return token === undefined ? undefined : withToken(connection, token, options);
}

async function withToken(
  connection: SigningIn,
  token: string,
  { engine, sessionWatch }: SignInOptions,
): Promise<Closing | undefined> {
  try {
    connection.viewer = await engine.verifier.verify(token);
  } catch (error) {
    // `formatError` counts the refusal, and logs it if it is a bug.
    const { code } = engine.formatError(error).extensions;
    return code === 'UNAUTHENTICATED' ? CLOSINGS.forbidden : CLOSINGS.tryAgainLater;
  }
  // If the connection was closed meanwhile, nothing would remove it from the watch.
  if (connection.isOpen) sessionWatch.add(connection);
  return undefined;
}
