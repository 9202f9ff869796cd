import { run } from '#test/support/clients/http.js';
import { StartSession } from './documents.js';
import type { TestServer } from './server.js';

/** Starts a session on the server and returns its token and user. */
export async function signIn(server: TestServer, name = 'Ann') {
  return (await run(server, StartSession, { name })).startSession;
}

/** The header that sends a token. */
export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}
