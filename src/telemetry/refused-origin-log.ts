import type { IncomingMessage } from 'node:http';
import { type Log, throttled } from './log.js';

/** Characters of a header to log. Headers come from the client and can be long. */
const LOGGED_LENGTH = 200;

/**
 * Logs refused origins, at most once per `intervalMs` milliseconds. A page behind a misconfigured proxy only
 * shows that it cannot connect, so the log says how to fix it.
 */
export function refusedOriginLog(log: Log, intervalMs: number): (request: IncomingMessage) => void {
  return throttled(intervalMs, (suppressed, { headers }: IncomingMessage) => {
    const origin = headers.origin?.slice(0, LOGGED_LENGTH);
    const host = headers.host?.slice(0, LOGGED_LENGTH);
    log.warn(
      { origin, host, suppressed },
      'refused a page: its Origin is neither the Host of the request nor in ALLOWED_ORIGINS. If this is your own page, make the proxy forward the Host that the browser sent, or add the Origin to ALLOWED_ORIGINS',
    );
  });
}
