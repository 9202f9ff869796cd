import { CloseCode } from 'graphql-ws';
import { tokenInPayload } from '#server/operation/authentication.js';
import type { Engine } from '#server/operation/engine.js';
import type { SessionWatch } from '#server/operation/session-watch.js';
import type { ProtocolContext, Session } from './connection.js';

const TRY_AGAIN_LATER = 1013;

export interface SignInOptions {
  engine: Engine;
  sessionWatch: SessionWatch;
}

/**
 * What connection_init comes to: a viewer where it carries a token, else a guest. Gives false, and closes the
 * socket with 4403 where the token does not count, and with 1013 where that cannot be found out.
 */
export function signIn(context: ProtocolContext, options: SignInOptions): boolean | Promise<boolean> {
  const session = context.extra;
  const token = tokenInPayload(context.connectionParams);
  // graphql-ws would keep it for as long as the socket is open.
  if (context.connectionParams !== undefined) Object.assign(context, { connectionParams: undefined });
  return token === undefined || withToken(session, token, options);
}

async function withToken(session: Session, token: string, options: SignInOptions): Promise<boolean> {
  const { engine, sessionWatch } = options;
  try {
    session.viewer = await engine.verifier.verify(token);
  } catch (error) {
    // Counted as any refusal is, and logged where it is a fault.
    const { code } = engine.formatError(error).extensions;
    if (code === 'UNAUTHENTICATED') session.close(CloseCode.Forbidden, 'Forbidden');
    else session.close(TRY_AGAIN_LATER, 'Try again later');
    return false;
  }
  // Where it was closed meanwhile, nobody would take it out again.
  if (session.isOpen) sessionWatch.add(session);
  return true;
}
