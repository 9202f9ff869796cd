/** What browsers get at the root path: the built files and nothing else. */
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ CONTENT_LENGTH_LIMIT: 123 });
const names = await readdir('dist/web/assets');
const script = names.find((name) => name.endsWith('.js'))!;

/** Sends a request unchanged: unlike `fetch`, it does not normalize the path or decompress the body. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      const asked = request(used.server.origin, { path, headers, method }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      asked.on('error', reject).end();
    },
  );
}

describe('the page', () => {
  test.each(['/', '/?room=lobby', '/stats'])('is served at %s, and revalidated each time', async (path) => {
    const { status, headers, body } = await get(path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    expect(body.toString()).toContain('<title>Streamly Chat</title>');
    expect((await get(path, { 'If-None-Match': String(headers.etag) })).status).toBe(304);
  });

  test('knows the limits of this server', async () => {
    const html = (await get('/')).body.toString();
    expect(html).toContain('<meta name="content-length-limit" content="123">');
    expect(html).toContain('<meta name="name-length-limit" content="40">');
    expect(html).toContain('<meta name="room-id-length-limit" content="64">');
  });

  test('may load from this server only', async () => {
    const policy = String((await get('/')).headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const html = (await get('/')).body.toString();
    const asked = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    for (const address of asked.filter((known) => !known.startsWith('data:'))) {
      expect(address).toMatch(/^\/assets\//);
      expect((await get(address)).status).toBe(200);
    }
  });

  test('refuses other methods', async () => {
    expect(await get('/', {}, 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    const head = await get('/', {}, 'HEAD');
    expect(head).toMatchObject({ status: 200 });
    expect(head.body).toHaveLength(0);
  });
});

describe('its files', () => {
  test('may be cached forever, and come in an encoding that the browser accepts', async () => {
    const path = `/assets/${script}`;
    const plain = await get(path);
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    const gzip = await get(path, { 'Accept-Encoding': 'gzip' });
    const brotli = await get(path, { 'Accept-Encoding': 'gzip, deflate, br' });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(brotli.headers['content-encoding']).toBe('br');
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
  });

  test('have less than 150 KB of scripts in total', async () => {
    const scripts = names.filter((name) => name.endsWith('.js'));
    let bytes = 0;
    for (const name of scripts)
      bytes += (await get(`/assets/${name}`, { 'Accept-Encoding': 'gzip' })).body.length;
    expect(bytes).toBeLessThan(150_000);
  });

  test.each([
    '/assets/../main.js',
    '/assets/..%2fmain.js',
    '/assets/%2e%2e/main.js',
    '/../../package.json',
    '/assets/',
    '/assets',
    '/assets/constructor',
    '/index.html',
  ])('do not include %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});
