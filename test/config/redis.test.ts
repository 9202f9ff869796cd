/** The variables that say where Redis is, and how they go together. */
import { describe, expect, test } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { errorOf } from './rows.js';

const SENTINEL = { REDIS_SENTINELS: 'a:26379', REDIS_SENTINEL_NAME: 'chat' };
const URL = { REDIS_URL: 'redis://localhost' };
const CLUSTER = { REDIS_CLUSTER_NODES: 'a:6379' };
const SECRET = 'hunter2';
const ONLY_ONE =
  'REDIS_URL, REDIS_CLUSTER_NODES and REDIS_SENTINELS exclude each other: set only one of them.';

describe('Sentinels', () => {
  test.each([
    ['names and addresses', 'a.example:1, 10.0.0.1:65535', ['a.example', 1], ['10.0.0.1', 65_535]],
    ['IPv6 addresses in brackets', '[::1]:26379', ['::1', 26_379]],
    ['each address once', 'a:1,b:1,a:1', ['a', 1], ['b', 1]],
  ])('may be %s', (_what, list, ...expected) => {
    const { redisSentinel } = configFromEnv({ ...SENTINEL, REDIS_SENTINELS: list });
    expect(redisSentinel?.sentinels).toEqual(expected.map(([host, port]) => ({ host, port })));
  });

  test('have a login of their own', () => {
    const config = configFromEnv({
      ...SENTINEL,
      REDIS_SENTINEL_USERNAME: 'watcher',
      REDIS_SENTINEL_PASSWORD: 's1',
      REDIS_USERNAME: 'streamly',
      REDIS_PASSWORD: 's2',
      REDIS_DATABASE: '3',
      REDIS_TLS: 'servers',
      REDIS_NAT_MAP: '10.0.0.1:1=a:2,[::1]:1=b:3',
    });
    expect(config.redisSentinel).toMatchObject({ name: 'chat', username: 'watcher', password: 's1' });
    expect(config.redisServers).toEqual({
      username: 'streamly',
      password: 's2',
      database: 3,
      tls: 'servers',
      natMap: [
        [
          { host: '10.0.0.1', port: 1 },
          { host: 'a', port: 2 },
        ],
        [
          { host: '::1', port: 1 },
          { host: 'b', port: 3 },
        ],
      ],
    });
  });

  test('are enough in production', () => {
    expect(configFromEnv({ ...SENTINEL, NODE_ENV: 'production' }).redisUrl).toBeUndefined();
  });
});

test.each([CLUSTER, SENTINEL])('%j names the replicas for HISTORY_READS=replicas', (env) => {
  expect(configFromEnv({ ...env, HISTORY_READS: 'replicas' }).historyReads).toBe('replicas');
});

test.each([
  ['a URL and Sentinels', { ...URL, ...SENTINEL }, ONLY_ONE],
  ['a URL and a Cluster', { ...URL, ...CLUSTER }, ONLY_ONE],
  ['a Cluster and Sentinels', { ...CLUSTER, ...SENTINEL }, ONLY_ONE],
  [
    'another database of a Cluster',
    { ...CLUSTER, REDIS_DATABASE: '1' },
    'REDIS_DATABASE must be 0 or empty if REDIS_CLUSTER_NODES is set: a Cluster has no other database.',
  ],
  [
    'translated addresses of nothing',
    { ...URL, REDIS_NAT_MAP: 'a:1=b:2' },
    'REDIS_CLUSTER_NODES or REDIS_SENTINELS must be set if REDIS_NAT_MAP is set.',
  ],
  [
    'Sentinels without a name',
    { REDIS_SENTINELS: 'a:1' },
    'REDIS_SENTINEL_NAME must be set if REDIS_SENTINELS is set.',
  ],
  [
    'a name without Sentinels',
    { ...URL, REDIS_SENTINEL_NAME: 'chat' },
    'REDIS_SENTINELS must be set if REDIS_SENTINEL_NAME, REDIS_SENTINEL_USERNAME or REDIS_SENTINEL_PASSWORD is set.',
  ],
  [
    'a user of the Sentinels without a password',
    { ...SENTINEL, REDIS_SENTINEL_USERNAME: 'watcher' },
    'REDIS_SENTINEL_PASSWORD must be set if REDIS_SENTINEL_USERNAME is set.',
  ],
  [
    'a user of the servers without a password',
    { ...SENTINEL, REDIS_USERNAME: 'streamly' },
    'REDIS_PASSWORD must be set if REDIS_USERNAME is set.',
  ],
  [
    'replicas that nobody names',
    { ...URL, HISTORY_READS: 'replicas' },
    'HISTORY_READS=replicas needs REDIS_CLUSTER_NODES or REDIS_SENTINELS, because a single address names no replicas: set one of them, or HISTORY_READS=primary.',
  ],
  [
    'certificates that would not be used',
    { ...SENTINEL, REDIS_TLS_CA: 'ca.pem' },
    'REDIS_TLS must be servers or all if REDIS_TLS_CA, REDIS_TLS_CERT or REDIS_TLS_KEY is set with REDIS_CLUSTER_NODES or REDIS_SENTINELS.',
  ],
])('%s: refused in one sentence that says what to set', (_what, env, message) => {
  expect(errorOf(env).message).toBe(message);
});

test.each([
  { REDIS_PASSWORD: SECRET },
  { REDIS_USERNAME: 'me', REDIS_PASSWORD: SECRET },
  { REDIS_DATABASE: '0' },
  { REDIS_TLS: 'none' },
])('%j beside REDIS_URL is refused, because the URL says it', (env) => {
  const { message } = errorOf({ ...URL, ...env });
  expect(message).toBe(
    'REDIS_USERNAME, REDIS_PASSWORD, REDIS_DATABASE and REDIS_TLS need REDIS_CLUSTER_NODES or REDIS_SENTINELS: without them, write them into REDIS_URL.',
  );
  expect(message).not.toContain(SECRET);
});
