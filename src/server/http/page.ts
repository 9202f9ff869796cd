/**
 * Serves the page that `npm run build` creates from web/page. The files are kept in memory.
 *
 *   /            the chat
 *   /stats       the same document, which shows server statistics instead
 *   /assets/*    scripts and styles; their names contain a hash of their content, so browsers may keep them forever
 *
 * Each file has its own route, so no path can reach another file.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { acceptedEncoding } from './accept.js';
import type { Handler } from './server.js';

export interface PageOptions {
  /** The directory that contains the built page. */
  directory: string;
  /** Values for the page's `<meta>` elements, by name. */
  settings: Readonly<Record<string, string | number>>;
}

/** The page may load scripts and styles from this server only, and connect to nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/** The routes of the page. Empty if the page is not built. */
export function pageRoutes({ directory, settings }: PageOptions): Map<string, Handler> {
  const document = readOrUndefined(join(directory, 'index.html'));
  if (document === undefined) return new Map();
  const page = file('.html', { identity: Buffer.from(withSettings(document.toString(), settings)) }, false);
  const routes = new Map<string, Handler>([
    ['/', page],
    ['/stats', page],
  ]);
  const assets = join(directory, 'assets');
  for (const name of readdirSync(assets)) {
    const type = extname(name);
    if (!(type in TYPES)) continue;
    const forms: Forms = { identity: readFileSync(join(assets, name)) };
    for (const { name: encoding, suffix } of ENCODINGS) {
      const encoded = readOrUndefined(join(assets, name + suffix));
      if (encoded !== undefined) forms[encoding] = encoded;
    }
    routes.set(`/assets/${name}`, file(type, forms, true));
  }
  return routes;
}

/** A file's bytes in each encoding. */
type Forms = { identity: Buffer } & { [encoding in (typeof ENCODINGS)[number]['name']]?: Buffer };

function file(extension: string, forms: Forms, immutable: boolean): Handler {
  const tag = `"${createHash('sha256').update(forms.identity).digest('base64url').slice(0, 22)}"`;
  const headers = {
    'Content-Type': TYPES[extension]!,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'X-Content-Type-Options': 'nosniff',
    ETag: tag,
    Vary: 'Accept-Encoding',
    ...(extension === '.html' && { 'Content-Security-Policy': POLICY, 'Referrer-Policy': 'no-referrer' }),
  };
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return;
    }
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, headers).end();
      return;
    }
    const available = ENCODINGS.map(({ name }) => name).filter((name) => name in forms);
    const encoding = acceptedEncoding(String(request.headers['accept-encoding'] ?? ''), available);
    const body = forms[encoding ?? 'identity']!;
    response.writeHead(200, {
      ...headers,
      'Content-Length': body.length,
      ...(encoding && { 'Content-Encoding': encoding }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/**
 * Fills in the document's `<meta name="…" content="">`.
 * Does not escape values: they are numbers or fixed words.
 */
function withSettings(document: string, settings: PageOptions['settings']): string {
  return document.replace(/(<meta name="([\w-]+)" content=")"/g, (whole, before: string, name: string) =>
    name in settings ? `${before}${settings[name]}"` : whole,
  );
}

function readOrUndefined(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
