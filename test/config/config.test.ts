import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { configFromEnv } from '#config/config.js';
import { errorOf } from './rows.js';

const production = { NODE_ENV: 'production', REDIS_URL: 'redis://redis' };

describe('an error', () => {
  test('names each invalid variable on its own line', () => {
    const lines = errorOf({ PORT: 'x', LOG_LEVEL: 'loud', HOST: 'ok' }).message.split('\n');
    expect(lines).toEqual([expect.stringMatching(/^PORT /), expect.stringMatching(/^LOG_LEVEL /)]);
  });

  test('names missing and conflicting variables as well', () => {
    const env = { NODE_ENV: 'production', PORT: 'x', REQUIRE_TRUSTED_DOCUMENTS: 'true' };
    expect(errorOf(env).message.split('\n')).toEqual([
      expect.stringMatching(/^PORT /),
      expect.stringMatching(/^REDIS_URL, /),
      expect.stringMatching(/^TRUSTED_DOCUMENTS /),
    ]);
  });

  test('does not report an invalid variable as missing', () => {
    const lines = errorOf({ NODE_ENV: 'production', REDIS_URL: 'localhost' }).message.split('\n');
    expect(lines).toEqual(['REDIS_URL must be a URL that begins with redis:// or rediss://.']);
  });
});

test('ignores unknown variables', () => {
  expect(configFromEnv({ PATH: '/bin', CONSTRUCTOR: 'x', port: '1' })).toEqual(configFromEnv({}));
});

describe('in production', () => {
  test('requires a Redis', () => {
    expect(errorOf({ NODE_ENV: 'production' }).message).toMatch(/^REDIS_URL, /);
    expect(configFromEnv(production)).toMatchObject({ production: true, redisUrl: 'redis://redis' });
  });

  test('refuses guests by default', () => {
    expect(configFromEnv(production).allowGuests).toBe(false);
    expect(configFromEnv({ ...production, ALLOW_GUESTS: 'true' }).allowGuests).toBe(true);
  });

  test('turns rate limits on by default', () => {
    expect(configFromEnv(production).rates).toMatchObject({
      sendsPerUser: 5,
      sendsPerAddress: 100,
      connectionsPerAddress: 200,
      sessionsPerAddress: 20,
      operationsPerConnection: 100,
    });
    expect(configFromEnv({ ...production, RATE_SENDS_PER_USER: '0' }).rates.sendsPerUser).toBe(0);
    expect(configFromEnv({}).rates.sendsPerUser).toBe(0);
  });

  test.each(['prod', 'Production', 'production '])(
    'a typo such as %j is an error, not development mode',
    (name) => {
      expect(errorOf({ ...production, NODE_ENV: name }).message).toMatch(/^NODE_ENV must be /);
    },
  );
});

describe('GraphiQL and introspection', () => {
  const off = { protection: { graphiql: false, introspection: false } };
  const required = { REQUIRE_TRUSTED_DOCUMENTS: 'true', TRUSTED_DOCUMENTS: 'manifest.json' };

  test.each([
    ['in production', production],
    ['if trusted documents are required', required],
  ])('are off by default %s', (_when, env) => {
    expect(configFromEnv(env)).toMatchObject(off);
  });

  test('can be turned on there', () => {
    expect(configFromEnv({ ...production, GRAPHIQL: 'true' }).protection.graphiql).toBe(true);
    expect(configFromEnv({ ...required, INTROSPECTION: 'true' }).protection.introspection).toBe(true);
  });
});

test('requires a manifest if trusted documents are required', () => {
  expect(errorOf({ REQUIRE_TRUSTED_DOCUMENTS: 'true' }).message).toMatch(/^TRUSTED_DOCUMENTS /);
});

describe("the platform's own tokens", () => {
  const secret = 's'.repeat(32);
  const jwksUrl = 'https://id.example/keys';
  const claims = { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'chat' };
  const accepted = { issuer: 'https://id.example', audience: 'chat' };

  test('are verified with a secret', () => {
    const { jwt } = configFromEnv({ ...claims, JWT_SECRET: secret }).identity;
    expect(jwt).toEqual({ key: { secret }, ...accepted });
  });

  test.each([
    'https://id.example/keys',
    'http://localhost:8080/keys',
    'http://127.0.0.1/keys',
    'http://[::1]/keys',
  ])('are verified with the keys at %s', (url) => {
    const { jwt } = configFromEnv({ ...claims, JWT_JWKS_URL: url }).identity;
    expect(jwt).toEqual({ key: { jwksUrl: url }, ...accepted });
  });

  test('need a secret or keys, an issuer and an audience, and no error repeats the secret', () => {
    const both = errorOf({ ...claims, JWT_SECRET: secret, JWT_JWKS_URL: jwksUrl });
    expect(both.message).toMatch(/^JWT_SECRET and JWT_JWKS_URL /);
    for (const partial of [{}, { JWT_ISSUER: 'any' }, { JWT_AUDIENCE: 'any' }]) {
      const incomplete = errorOf({ ...partial, JWT_SECRET: secret });
      expect(incomplete.message).toMatch(/^JWT_ISSUER and JWT_AUDIENCE /);
      expect(incomplete.message).not.toContain(secret);
    }
    expect(both.message).not.toContain(secret);
  });
});

test.each([
  ['is at least as large as a page', { ROOM_LOG_CAPACITY: '10', PAGE_SIZE_LIMIT: '300' }, 300],
  ['is at most as large as the history', { ROOM_LOG_CAPACITY: '600', HISTORY_LIMIT: '50' }, 50],
])("a room's log %s", (_what, env, capacity) => {
  expect(configFromEnv(env).logCapacity).toBe(capacity);
});

test('the default page size is at most the largest page size', () => {
  expect(configFromEnv({}).limits.defaultPageSize).toBe(50);
  expect(configFromEnv({ PAGE_SIZE_LIMIT: '20' }).limits.defaultPageSize).toBe(20);
});

test.each([
  ['a list of rooms', {}, 500 * (4 * (500 + 40) + 1_024)],
  ['a longer page', { PAGE_SIZE_LIMIT: '1000' }, 1_000 * (4 * (500 + 40) + 1_024)],
  ['longer messages', { CONTENT_LENGTH_LIMIT: '2000' }, 500 * (4 * (2_000 + 40) + 1_024)],
])('lets a response hold %s of the largest size', (_what, env, bytes) => {
  expect(configFromEnv(env).protection.query.responseBytes).toBe(bytes);
});

describe('WORKERS', () => {
  test('starts one process if it is not set, and as many as there are cores if it is auto', () => {
    expect(configFromEnv({}).workers).toBe(1);
    expect(configFromEnv(production).workers).toBe(1);
    expect(configFromEnv({ WORKERS: 'auto' }).workers).toBe(Math.min(availableParallelism(), 64));
  });

  test('limits NODE_ID, to which each worker appends its number', () => {
    const long = 'n'.repeat(62);
    expect(errorOf({ WORKERS: '2', NODE_ID: long }).message).toMatch(
      /^NODE_ID must have at most 61 characters/,
    );
    expect(configFromEnv({ WORKERS: '1', NODE_ID: long }).nodeId).toBe(long);
    expect(configFromEnv({ WORKERS: '64', NODE_ID: long.slice(1) }).workers).toBe(64);
  });
});
