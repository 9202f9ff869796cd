/** Redis over TLS with client certificates and the ACL of deploy/, as on a shared network. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import { connectRedis } from '#redis/client/connections.js';
import { oneServer } from '#redis/client/one-server.js';
import { readTlsFiles } from '#redis/client/tls.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { say } from '#test/support/say.js';
import { startServer } from '#test/support/server.js';

const PASSWORD = 'for-development-only';
let folder: string;
let redis: RedisServer;
let url: string;
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamly-tls-'));
  for (const name of ['redis', 'stranger']) {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', path(`${name}.key`), '-out', path(`${name}.pem`)];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'ignore' });
  }
  const port = await freePort();
  redis = await startRedis({
    aclFile: fileURLToPath(new URL('../../../deploy/redis/users.acl', import.meta.url)),
    username: 'operator',
    password: PASSWORD,
    args: [
      ...[
        '--tls-port',
        String(port),
        '--tls-cert-file',
        path('redis.pem'),
        '--tls-key-file',
        path('redis.key'),
      ],
      ...['--tls-ca-cert-file', path('redis.pem'), '--tls-auth-clients', 'yes'],
    ],
  });
  url = `rediss://streamly:${PASSWORD}@127.0.0.1:${port}`;
});
afterAll(async () => {
  await redis.close();
  await rm(folder, { recursive: true });
});

test('a server sends, reads and subscribes over TLS', async () => {
  const server = await startServer({
    redisUrl: url,
    REDIS_TLS_CA: path('redis.pem'),
    REDIS_TLS_CERT: path('redis.pem'),
    REDIS_TLS_KEY: path('redis.key'),
  });
  const viewer = await RawSocket.ready(server);
  viewer.subscribe('1', { query: 'subscription { messageAdded(roomId: "tls", last: 5) { content } }' });
  await say(server, 'tls', 'hello');
  expect(await viewer.next()).toMatchObject({ payload: { data: { messageAdded: { content: 'hello' } } } });
  const { body } = await post(server, { query: '{ activeRooms { id connectionCount } }' });
  expect(body.data).toEqual({ activeRooms: [{ id: 'tls', connectionCount: 1 }] });
  expect((await fetch(`${server.origin}/health/ready`)).status).toBe(200);
  await viewer.close();
  await server.close();
  expect(await redis.cli('ACL', 'LOG')).toBe('');
});

describe('the server does not connect to Redis', () => {
  test.each([
    [
      'if the certificate of Redis is not trusted',
      { ca: 'stranger.pem', cert: 'redis.pem', key: 'redis.key' },
    ],
    ['without a certificate if Redis requires one', { ca: 'redis.pem', cert: undefined, key: undefined }],
    [
      'with a certificate that Redis does not trust',
      { ca: 'redis.pem', cert: 'stranger.pem', key: 'stranger.key' },
    ],
  ])('%s', async (_what, files) => {
    const paths = Object.fromEntries(
      Object.entries(files).map(([name, file]) => [name, file === undefined ? undefined : path(file)]),
    ) as Record<'ca' | 'cert' | 'key', string | undefined>;
    const errors: unknown[] = [];
    const connections = connectRedis({
      url,
      tls: readTlsFiles(paths),
      commandTimeoutMs: 500,
      hooks: { onError: (_where, error) => void errors.push(error) },
    });
    expect(await connections.ready(500)).toBe(false);
    await expect(oneServer(connections).check()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(errors).not.toEqual([]);
    expect(String(errors)).not.toContain(PASSWORD);
    await connections.close();
  });
});

test('an error about an unreadable file names its variable', () => {
  expect(() => readTlsFiles({ ca: path('none.pem'), cert: undefined, key: undefined })).toThrow(
    /^REDIS_TLS_CA cannot be read: ENOENT/,
  );
});
