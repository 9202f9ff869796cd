/** Sentinels and servers with TLS and with users that may do no more than they must. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import type { ConnectOptions } from '#redis/client/connections.js';
import { locationOf, type RedisConfig } from '#redis/location.js';
import { openServers } from '#redis/servers.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { NAME } from '#test/support/sentinel.js';
import { until } from '#test/support/until.js';

/** The rules of docs/scaling.md for the user of a node. */
const WATCHER =
  'user watcher on >w1 resetchannels &+switch-master &+promoted-slave -@all +hello +subscribe +sentinel|master +sentinel|get-master-addr-by-name';

let folder: string;
let server: RedisServer;
let sentinel: RedisServer;
let tlsPort: number;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamly-sentinel-'));
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', file('redis.key'), '-out', file('redis.pem')],
    ],
    { stdio: 'ignore' },
  );
  const tls = (port: number) =>
    Object.entries({
      'tls-port': String(port),
      'tls-cert-file': file('redis.pem'),
      'tls-key-file': file('redis.key'),
      'tls-ca-cert-file': file('redis.pem'),
      'tls-auth-clients': 'no',
      'tls-replication': 'yes',
    }).flatMap(([name, value]) => [`--${name}`, value]);
  const serverPort = await freePort();
  server = await startRedis({ plain: true, args: tls(serverPort) });
  tlsPort = await freePort();
  sentinel = await startRedis({
    plain: true,
    sentinel: `sentinel monitor ${NAME} 127.0.0.1 ${serverPort} 1\n${WATCHER}\n`,
    args: tls(tlsPort),
  });
});
afterAll(async () => {
  await sentinel?.close();
  await server?.close();
  await rm(folder, { recursive: true });
});

function openWith(tls: RedisConfig['redisServers']['tls'], port: number, password = 'w1') {
  const location = locationOf({
    redisSentinel: { sentinels: [{ host: '127.0.0.1', port }], name: NAME, username: 'watcher', password },
    redisServers: { tls, natMap: [] },
    redisTls: { ca: tls === 'none' ? undefined : file('redis.pem'), cert: undefined, key: undefined },
  });
  const servers = openServers(location as ConnectOptions);
  onTestFinished(() => servers.close());
  return servers;
}

test.each([
  ['all', () => tlsPort],
  ['servers', () => sentinel.port],
] as const)('REDIS_TLS=%s connects, with a user that may only ask for the primary', async (tls, port) => {
  const servers = openWith(tls, port());
  expect(await servers.ready(5_000)).toBe(true);
  await servers.check();
});

test('a plain connection to a Sentinel that expects TLS is never ready, and neither the reverse', async () => {
  for (const [tls, port] of [
    ['servers', tlsPort],
    ['all', sentinel.port],
  ] as const) {
    const servers = openWith(tls, port);
    const reason = () => servers.check().catch((error: Error) => error.message);
    await until(
      async () => /^The Sentinel at .+ cannot be reached .+ REDIS_TLS/.test(String(await reason())),
      {
        what: 'the reason',
      },
    );
  }
});

test('a user that may not ask is refused in a sentence that names the variable', async () => {
  await sentinel.cli('ACL', 'SETUSER', 'watcher', '-sentinel|master');
  onTestFinished(async () => void (await sentinel.cli('ACL', 'SETUSER', 'watcher', '+sentinel|master')));
  const servers = openWith('servers', sentinel.port);
  expect(await servers.ready(300)).toBe(false);
  await expect(servers.check()).rejects.toThrow(/denies a command \(NOPERM .+REDIS_SENTINEL_USERNAME/);
});
