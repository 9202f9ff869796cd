import type { IncomingMessage } from 'node:http';
import { type Log, throttled } from './log.js';

/** Characters of a header that are logged. The client chooses its length. */
const LOGGED_LENGTH = 200;

/**
 * Logs refused origins, at most once per `intervalMs`. A page behind a misconfigured proxy only shows that it cannot
 * connect, so the log says what to change.
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
