/**
 * The page: what `npm run build` made of web/page, served from memory.
 *
 *   /            the chat
 *   /stats       the same document, which shows the server's load instead
 *   /assets/*    scripts and styles: their names hold a hash of what is in them, so they are kept for good
 *
 * Each file has a route of its own, so no path leads to any other file.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Handler } from './server.js';

export interface PageOptions {
  /** Where the built page lies. */
  directory: string;
  /** What the page reads from its `<meta>` elements, by their names. */
  settings: Readonly<Record<string, string | number>>;
}

/** Everything comes from here: scripts, styles, and what the page talks to. */
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

/** The routes of the page; none where it is not built. */
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

/** A file's bytes, by how they are encoded. */
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
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const encoding = ENCODINGS.find(({ name }) => name in forms && accepted.includes(name))?.name;
    const body = forms[encoding ?? 'identity']!;
    response.writeHead(200, {
      ...headers,
      'Content-Length': body.length,
      ...(encoding && { 'Content-Encoding': encoding }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** Puts the values into the document's `<meta name="…" content="">`. They are numbers, or words of ours. */
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
