import type { Viewer } from '#domain/viewer.js';
import { tokenInPayload } from '#server/operation/authentication.js';
import type { Engine } from '#server/operation/engine.js';
import type { SessionWatch, WatchedConnection } from '#server/operation/session-watch.js';
import { CLOSINGS, type Closing } from './protocol.js';

export interface SignInOptions {
  readonly engine: Engine;
  readonly sessionWatch: SessionWatch;
}

/** A connection that signs in. */
export interface SigningIn extends WatchedConnection {
  viewer: Viewer | null;
  readonly isOpen: boolean;
}

/**
 * Finds out who a connection belongs to from the payload of its connection_init. Without a token it is a guest:
 * returns undefined at once. With one it resolves when that was checked, to undefined or to why the connection
 * has to be closed: 4403 for a token that is not valid, 1013 if that could not be found out.
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
    // Counted as any refusal is, and logged if it is a fault.
    const { code } = engine.formatError(error).extensions;
    return code === 'UNAUTHENTICATED' ? CLOSINGS.forbidden : CLOSINGS.tryAgainLater;
  }
  // Nobody would remove a connection that was closed in the meantime.
  if (connection.isOpen) sessionWatch.add(connection);
  return undefined;
}
