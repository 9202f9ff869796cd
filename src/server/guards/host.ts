import type { IncomingMessage } from 'node:http';
import { ALLOWED, type Guard, type Refused, type Verdict } from './guard.js';

const MALFORMED: Refused = {
  allowed: false,
  reason: 'host',
  status: 400,
  error: { message: 'The Host header is malformed.', extensions: { code: 'BAD_USER_INPUT' } },
};

/** Refuses a malformed Host header. Node accepts any value, and a URL is built from it later. */
export class HostGuard implements Guard {
  /** The last host that was allowed. Nearly all requests name the same one, and parsing takes microseconds. */
  #allowed: string | undefined;

  check({ headers: { host = '' } }: IncomingMessage): Verdict {
    if (host === this.#allowed) return ALLOWED;
    if (!URL.canParse(`http://${host}`)) return MALFORMED;
    this.#allowed = host;
    return ALLOWED;
  }
}

/**
 * Whether an origin and a Host header name the same host and port. The default port of the origin's scheme
 * may be present or absent: some proxies add it (`chat.example:443`), but browsers never do. The scheme is
 * not compared, because a proxy that terminates TLS forwards plain HTTP.
 */
export function isSameHost(origin: string, host: string | undefined): boolean {
  const [, scheme, authority] = /^(https?:)\/\/([^/?#@\\]+)$/i.exec(origin) ?? [];
  if (scheme === undefined || authority === undefined || host === undefined || /[/?#@\\]/.test(host)) {
    return false;
  }
  const expected = hostIn(`${scheme}//${authority}`);
  return expected !== undefined && expected === hostIn(`${scheme}//${host}`);
}

/** The normalized host of a URL, without the scheme's default port. Undefined if it is malformed. */
function hostIn(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
