/**
 * Decides which pages may connect to this server. Browsers send the page's origin in `Origin`, and pages
 * cannot change it. Programs send no Origin and are allowed: this guard protects people from other pages that
 * they visit, not the server from programs.
 *
 *   no Origin                  allowed, unless it is a cross-site request other than a navigation
 *   the server's own origin    allowed
 *   an allowed origin          allowed, with the CORS headers that let the page read the response
 *   any other                  403, before a body is read or a WebSocket handshake is answered
 */
import type { IncomingMessage } from 'node:http';
import { corsHeaders } from './cors.js';
import type { Allowed, Guard, Refused, Verdict } from './guard.js';
import { isSameHost } from './host.js';

export interface OriginOptions {
  /**
   * Origins as browsers write them (`https://example.com`, without a final slash), `https://*.example.com`
   * for all subdomains of any depth but not the domain itself, or `*` for any.
   */
  allowed: readonly string[];
  /** Whether to allow pages from localhost on any port, and Apollo's tools, too. */
  development: boolean;
}

/** Where Apollo Studio's Explorer and Sandbox run. */
const APOLLO_STUDIO = [
  'https://studio.apollographql.com',
  'https://explorer.embed.apollographql.com',
  'https://sandbox.embed.apollographql.com',
];

const LOCALHOST = /^https?:\/\/(localhost|[\w-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

const REFUSED: Refused = {
  allowed: false,
  reason: 'origin',
  status: 403,
  error: { message: 'This origin is not allowed.', extensions: { code: 'FORBIDDEN' } },
  headers: { Vary: 'Origin' },
};

export class OriginGuard implements Guard {
  readonly #allowed: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];
  readonly #development: boolean;

  constructor({ allowed, development }: OriginOptions) {
    this.#allowed = new Set(development ? [...allowed, ...APOLLO_STUDIO] : allowed);
    this.#patterns = allowed.filter((origin) => origin.includes('://*.')).map(patternOf);
    this.#development = development;
  }

  check({ headers }: IncomingMessage): Verdict {
    const { origin } = headers;
    if (origin === undefined) return isCrossSiteSubresource(headers) ? REFUSED : NO_ORIGIN;
    return this.#allows(origin, headers.host) ? { allowed: true, headers: corsHeaders(origin) } : REFUSED;
  }

  #allows(origin: string, host: string | undefined): boolean {
    if (this.#allowed.has('*') || this.#allowed.has(origin)) return true;
    if (this.#patterns.some((pattern) => pattern.test(origin))) return true;
    if (this.#development && LOCALHOST.test(origin)) return true;
    return isSameHost(origin, host);
  }
}

const NO_ORIGIN: Allowed = { allowed: true, headers: corsHeaders(undefined) };

/** Matches one or more labels in place of the `*` of `https://*.example.com`. */
function patternOf(origin: string): RegExp {
  const [scheme, rest] = origin.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${scheme}(?:[\\w-]+\\.)*[\\w-]+${rest}$`);
}

/** Whether a page of another site makes the request in the background, such as for an image or a script. */
function isCrossSiteSubresource(headers: IncomingMessage['headers']): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
}
