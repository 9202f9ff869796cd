import type { Handler } from '#server/http/server.js';

/** How long a browser may cache the response to a preflight request, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * The headers that let a page of this origin read the response. `Vary` keeps caches from mixing up origins.
 */
export function corsHeaders(origin: string | undefined): Record<string, string> {
  if (origin === undefined) return { Vary: 'Origin' };
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Retry-After',
  };
}

/** Answers preflight requests. Their origin must have been checked already. */
export function answerPreflights(handler: Handler): Handler {
  return (request, response) => {
    if (request.method !== 'OPTIONS') return handler(request, response);
    // Tokens travel in headers that a script sets, never in cookies, so credentials are not allowed.
    const headers = request.headers['access-control-request-headers'];
    response.writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST',
      ...(headers !== undefined && { 'Access-Control-Allow-Headers': headers }),
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      'Content-Length': 0,
    });
    response.end();
  };
}
