import type { IncomingMessage } from 'node:http';
import { ALLOWED, type Guard, type Verdict } from './guard.js';

/** Refuses a malformed Host header. Node accepts any value, and a URL is built from it later. */
export const hostGuard: Guard = {
  check: ({ headers }: IncomingMessage): Verdict => {
    if (URL.canParse(`http://${headers.host ?? ''}`)) return ALLOWED;
    return {
      allowed: false,
      reason: 'host',
      status: 400,
      error: { message: 'The Host header is malformed.', extensions: { code: 'BAD_USER_INPUT' } },
    };
  },
};

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
