/**
 * Which pages may talk to this server. A browser says in `Origin` which page asks, and cannot be made to lie;
 * programs say nothing, and are let in: this protects visitors of other pages, not the server from programs.
 *
 *   no Origin                 let in, but not where the browser itself says that another site asks unseen
 *   the server's own          let in
 *   on the list               let in, with the CORS headers that let the page read the answer
 *   any other                 403, before a body is read or a WebSocket is shaken hands with
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface OriginOptions {
  /** Origins as browsers write them (`https://example.com`, no slash at the end), or `*` for any. */
  allowed: readonly string[];
  /** Whether this machine's own pages, on any port, and Apollo's tools are let in too. */
  development: boolean;
}

/** Where Apollo Studio's Explorer and Sandbox run. */
const APOLLO_STUDIO = [
  'https://studio.apollographql.com',
  'https://explorer.embed.apollographql.com',
  'https://sandbox.embed.apollographql.com',
];

const LOCALHOST = /^https?:\/\/(localhost|[\w-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** How long a browser may remember what it was told in answer to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 600;

export class Origins {
  readonly #allowed: ReadonlySet<string>;
  readonly #development: boolean;

  constructor({ allowed, development }: OriginOptions) {
    this.#allowed = new Set(development ? [...allowed, ...APOLLO_STUDIO] : allowed);
    this.#development = development;
  }

  /** Whether the page that makes this request, if a page does, may talk to this server. */
  allows({ headers }: IncomingMessage): boolean {
    const { origin } = headers;
    if (origin === undefined) return !isUnseen(headers);
    if (this.#allowed.has('*') || this.#allowed.has(origin)) return true;
    if (this.#development && LOCALHOST.test(origin)) return true;
    return isSame(origin, headers.host);
  }

  /**
   * Answers a preflight, or a page that is not let in, and returns true; otherwise sets what lets the page
   * read the answer, and leaves the answer to the caller.
   */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    response.setHeader('Vary', 'Origin');
    if (!this.allows(request)) {
      response.writeHead(403, { 'Content-Type': 'application/json; charset=utf-8', Connection: 'close' });
      response.end(
        '{"errors":[{"message":"This origin is not allowed.","extensions":{"code":"FORBIDDEN"}}]}\n',
      );
      return true;
    }
    const { origin } = request.headers;
    if (origin !== undefined) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
    }
    if (request.method !== 'OPTIONS') return false;
    // What is sent is kept in headers that a script sets, never in cookies: credentials are not allowed.
    const headers = request.headers['access-control-request-headers'];
    response.writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST',
      ...(headers !== undefined && { 'Access-Control-Allow-Headers': headers }),
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      'Content-Length': 0,
    });
    response.end();
    return true;
  }
}

/** A request that another site's page makes without its visitor going anywhere: an image, a script, a form. */
function isUnseen(headers: IncomingMessage['headers']): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}

/** By host and port alone: whoever ends TLS in front of the server hands on plain HTTP. */
function isSame(origin: string, host: string | undefined): boolean {
  const at = origin.indexOf('://');
  return at > 0 && host !== undefined && origin.slice(at + 3).toLowerCase() === host.toLowerCase();
}
