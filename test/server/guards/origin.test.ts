/** Pages on other sites that act for their visitors. Browsers send the page's origin, which is refused. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { spawnServer, startServer, type TestServer } from '#test/support/server.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
let production: TestServer;
let anybody: TestServer;
beforeAll(async () => {
  const { url: redisUrl } = used.redis;
  production = await startServer({
    redisUrl,
    NODE_ENV: 'production',
    ALLOW_GUESTS: 'true',
    ALLOWED_ORIGINS: 'https://app.example, https://other.example:8443, https://*.sub.example',
  });
  anybody = await startServer({ redisUrl, NODE_ENV: 'production', ALLOWED_ORIGINS: '*' });
});
afterAll(() => Promise.all([production.close(), anybody.close()]));

interface Seen {
  status: number;
  headers: Record<string, string | string[] | undefined>;
}

type Knock = (server: TestServer, headers: Record<string, string>) => Promise<Seen>;

/** Sends the headers unchanged. fetch would not allow false ones. */
function ask(server: TestServer, method: string, headers: Record<string, string>, body = ''): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, { method, headers, agent: false }, (response) => {
      resolve({ status: response.statusCode!, headers: response.headers });
      response.destroy();
    });
    sent.once('error', reject).end(body);
  });
}

const SAY = JSON.stringify({
  query: 'mutation { sendMessage(input: { roomId: "origin", author: "Eve", content: "x" }) { id } }',
});
const FOLLOW = JSON.stringify({ query: 'subscription { messageAdded(roomId: "origin") { id } }' });
const JSON_TYPE = { 'Content-Type': 'application/json' };

const post: Knock = (server, headers) => ask(server, 'POST', { ...JSON_TYPE, ...headers }, SAY);
const events: Knock = (server, headers) =>
  ask(server, 'POST', { ...JSON_TYPE, Accept: 'text/event-stream', ...headers }, FOLLOW);
const parts: Knock = (server, headers) =>
  ask(server, 'POST', { ...JSON_TYPE, Accept: 'multipart/mixed;subscriptionSpec=1.0', ...headers }, FOLLOW);
const upgrade: Knock = (server, headers) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws', { headers });
    socket.once('open', () => {
      resolve({ status: 101, headers: {} });
      socket.terminate();
    });
    socket.once('unexpected-response', (_request, response) => {
      resolve({ status: response.statusCode!, headers: response.headers });
      response.destroy();
    });
    socket.on('error', reject);
  });

const KNOCKS: [string, Knock, number][] = [
  ['HTTP', post, 200],
  ['SSE', events, 200],
  ['multipart', parts, 200],
  ['WebSocket', upgrade, 101],
];

describe.each(KNOCKS)('over %s', (_name, knock, welcome) => {
  test.each([
    ['another site', 'https://evil.example'],
    ['a site whose name begins like an allowed one', 'https://app.example.evil.example'],
    ['a site whose name ends like an allowed one', 'https://evilapp.example'],
    ['an allowed site without TLS', 'http://app.example'],
    ['an allowed site on another port', 'https://app.example:8443'],
    ['the domain itself of a wildcard for subdomains', 'https://sub.example'],
    ['a subdomain without TLS', 'http://pr-7.sub.example'],
    ['a subdomain on another port', 'https://pr-7.sub.example:8443'],
    ['a domain that ends like one with a wildcard', 'https://evilsub.example'],
    ['a site that begins like a subdomain', 'https://pr-7.sub.example.evil.example'],
    ['a name without a first label', 'https://.sub.example'],
    ['a path that ends like a subdomain', 'https://evil.example/.sub.example'],
    ['a sandboxed frame or a file', 'null'],
    ['this machine, in production', 'http://localhost:3000'],
    ['Apollo Studio, in production', 'https://studio.apollographql.com'],
    ['nowhere', ''],
    ['two at once', 'https://app.example, https://evil.example'],
  ])('answers 403 to %s', async (_what, origin) => {
    const { status, headers } = await knock(production, { Origin: origin });
    expect(status).toBe(403);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test.each([
    ['https://chat.example', 'chat.example:443', true],
    ['https://chat.example', 'Chat.Example', true],
    ['http://chat.example', 'chat.example:80', true],
    ['https://chat.example:8443', 'chat.example:8443', true],
    ['https://chat.example', 'chat.example:8443', false],
    ['https://chat.example', 'chat.example:80', false],
    ['https://chat.example:8443', 'chat.example', false],
    ['https://evil.example', 'chat.example:443', false],
    ['https://evil.example', 'chat.example/@evil.example', false],
    ['https://chat.example/', 'chat.example', false],
  ])('compares %s with the Host %s by their default ports', async (Origin, Host, isSame) => {
    const { status } = await knock(production, { Origin, Host });
    if (isSame) expect(status).toBe(welcome);
    else expect(status).toBe(403);
  });

  test.each(['https://pr-7.sub.example', 'https://a.b.c.sub.example'])(
    'allows the subdomain %s of a wildcard',
    async (origin) => {
      expect((await knock(production, { Origin: origin })).status).toBe(welcome);
    },
  );

  test.each(['https://app.example', 'https://other.example:8443'])('allows %s', async (origin) => {
    expect((await knock(production, { Origin: origin })).status).toBe(welcome);
  });

  test("allows the server's own page under any host name", async () => {
    expect((await knock(production, { Origin: production.origin })).status).toBe(welcome);
    const behindTls = { Host: 'chat.example', Origin: 'https://chat.example' };
    expect((await knock(production, behindTls)).status).toBe(welcome);
  });

  test('allows programs, which send no origin', async () => {
    expect((await knock(production, {})).status).toBe(welcome);
  });

  test('answers 403 to what a browser fetches unseen for another site', async () => {
    const unseen = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' };
    expect((await knock(production, unseen)).status).toBe(403);
  });

  test.each(['http://localhost:5173', 'http://127.0.0.1:8080', 'https://studio.apollographql.com'])(
    'allows %s outside production, and no foreign page',
    async (origin) => {
      expect((await knock(used.server, { Origin: origin })).status).toBe(welcome);
      expect((await knock(used.server, { Origin: 'http://localhost.evil.example' })).status).toBe(403);
    },
  );

  test('allows any origin when ALLOWED_ORIGINS is `*`', async () => {
    expect((await knock(anybody, { Origin: 'https://evil.example' })).status).toBe(welcome);
  });
});

test('logs which Origin and Host did not match, and what to set', async () => {
  const server = await spawnServer({ redisUrl: used.redis.url, NODE_ENV: 'production' });
  onTestFinished(() => server.close());
  for (let count = 0; count < 3; count += 1) {
    await post(server, { Host: 'backend:4000', Origin: 'https://chat.example' });
  }
  const lines = () => server.log.filter(({ msg }) => String(msg).includes('ALLOWED_ORIGINS'));
  await until(() => lines().length > 0, { what: 'the line' });
  expect(lines()).toMatchObject([{ origin: 'https://chat.example', host: 'backend:4000' }]);
});

test('does not send a message of a foreign page', async () => {
  const before = await used.redis.cli('LLEN', 'messages:origin');
  await post(production, { Origin: 'https://evil.example' });
  expect(await used.redis.cli('LLEN', 'messages:origin')).toBe(before);
});

describe('a preflight', () => {
  const preflight = (Origin: string) =>
    ask(production, 'OPTIONS', {
      Origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type, authorization',
    });

  test('tells an allowed page what it may send', async () => {
    expect(await preflight('https://app.example')).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type, authorization',
        vary: 'Origin',
      },
    });
  });

  test('tells a foreign page nothing', async () => {
    const { status, headers } = await preflight('https://evil.example');
    expect(status).toBe(403);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('uses no cookies', async () => {
    const { headers } = await post(production, { Origin: 'https://app.example' });
    expect(headers['access-control-allow-origin']).toBe('https://app.example');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers['set-cookie']).toBeUndefined();
  });
});

test('opens GraphiQL from a link on another site, but not in production', async () => {
  const link = { Accept: 'text/html', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
  expect(await ask(used.server, 'GET', link)).toMatchObject({
    status: 200,
    headers: { 'content-type': expect.stringContaining('text/html') },
  });
  const { headers, status } = await ask(production, 'GET', link);
  expect(status).not.toBe(200);
  expect(headers['content-type'] ?? '').not.toContain('html');
});
