import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, configFromEnv } from '#config/config.js';

interface Variable {
  /** What it sets. */
  of: (config: Config) => unknown;
  default: unknown;
  /** Texts, and what they mean. */
  good: Record<string, unknown>;
  bad: string[];
}

/** A whole number within bounds. */
function number(of: Variable['of'], standard: number, least: number, most: number): Variable {
  const good = { [least]: least, [most]: most };
  const bad = [String(least - 1), String(most + 1), '1.5', '1e3', '0x10', ' 5', 'many', '-5', '+5', 'NaN'];
  return { of, default: standard, good, bad };
}

/** True or false. */
function flag(of: Variable['of'], standard: boolean): Variable {
  const good = { true: true, false: false, 1: true, 0: false };
  return { of, default: standard, good, bad: ['yes', 'no', 'TRUE', '2'] };
}

/** Any text, as it is. */
function text(of: Variable['of'], example: string): Variable {
  return { of, default: undefined, good: { [example]: example }, bad: [] };
}

const VARIABLES: Record<string, Variable> = {
  NODE_ENV: {
    of: (config) => config.production,
    default: false,
    good: { test: false, development: false },
    bad: [],
  },
  PORT: number((config) => config.port, 4_000, 0, 65_535),
  HOST: {
    of: (config) => config.host,
    default: '0.0.0.0',
    good: { '::1': '::1', localhost: 'localhost' },
    bad: [],
  },
  REDIS_URL: {
    of: (config) => config.redisUrl,
    default: undefined,
    good: Object.fromEntries(
      [
        'redis://localhost',
        'redis://127.0.0.1:6380/1',
        'rediss://me:p%40ss@redis.example:6379',
        'redis://[::1]:6379',
      ].map((url) => [url, url]),
    ),
    bad: ['localhost', 'localhost:6379', 'http://localhost:6379', 'redis:///0', '//localhost', 'redis://a b'],
  },
  REDIS_TIMEOUT_MS: number((config) => config.redisTimeoutMs, 2_000, 50, 60_000),
  DURABILITY: {
    of: (config) => config.durability,
    default: 'primary',
    good: { primary: 'primary', replicated: 'replicated' },
    bad: ['PRIMARY', 'none', '1'],
  },
  MESSAGE_TTL_SECONDS: number((config) => config.messageTtlSeconds, 86_400, 1, 31_536_000),
  HISTORY_LIMIT: number((config) => config.historyLimit, 10_000, 1, 1_000_000),
  ALLOW_GUESTS: {
    of: (config) => config.allowGuests,
    default: true,
    good: { true: true, false: false, 1: true, 0: false },
    bad: ['yes', 'no', 'TRUE', '2'],
  },
  LOG_LEVEL: {
    of: (config) => config.logLevel,
    default: 'info',
    good: Object.fromEntries(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => [level, level]),
    ),
    bad: ['warning', 'INFO', '30'],
  },
  NODE_ID: {
    of: (config) => config.nodeId,
    default: undefined,
    good: { 'eu-1.chat_2': 'eu-1.chat_2', [`${'n'.repeat(64)}`]: 'n'.repeat(64) },
    bad: ['a:b', 'a b', 'n'.repeat(65), 'ä', 'a\n'],
  },
  CONTENT_LENGTH_LIMIT: number((config) => config.limits.contentLength, 500, 1, 10_000),
  NAME_LENGTH_LIMIT: number((config) => config.limits.nameLength, 40, 1, 200),
  ROOM_ID_LENGTH_LIMIT: number((config) => config.limits.roomIdLength, 64, 1, 256),
  PAGE_SIZE_LIMIT: number((config) => config.limits.pageSize, 200, 1, 1_000),
  ROOM_COUNT_LIMIT: number((config) => config.limits.roomCount, 500, 1, 10_000),
  // What it comes to depends on two others: see below.
  ROOM_LOG_CAPACITY: { ...number((config) => config.logCapacity, 512, 1, 100_000), good: { 600: 600 } },
  FRAME_CACHE_BYTES: number((config) => config.frameCacheBytes, 134_217_728, 1_048_576, 17_179_869_184),
  SLOW_MODE_SECONDS_LIMIT: number((config) => config.limits.slowModeSeconds, 3_600, 1, 86_400),
  SESSION_TTL_SECONDS: number((config) => config.identity.sessionTtlSeconds, 86_400, 1, 31_536_000),
  SESSION_CHECK_MS: number((config) => config.identity.checkMs, 2_000, 50, 60_000),
  // These four go together: see below.
  JWT_SECRET: {
    of: (config) => config.identity.jwt,
    default: undefined,
    good: {},
    bad: ['short', 'x'.repeat(31)],
  },
  JWT_JWKS_URL: {
    of: (config) => config.identity.jwt,
    default: undefined,
    good: {},
    bad: ['example.com/keys', 'file:///etc/passwd', 'redis://example.com', 'http://id.example/keys'],
  },
  JWT_ISSUER: { of: (config) => config.identity.jwt, default: undefined, good: { any: undefined }, bad: [] },
  JWT_AUDIENCE: {
    of: (config) => config.identity.jwt,
    default: undefined,
    good: { any: undefined },
    bad: [],
  },
  RATE_WINDOW_SECONDS: number((config) => config.rates.windowMs / 1_000, 10, 1, 3_600),
  RATE_SENDS_PER_USER: number((config) => config.rates.sendsPerUser, 0, 0, 1_000),
  RATE_SENDS_PER_ADDRESS: number((config) => config.rates.sendsPerAddress, 0, 0, 100_000),
  RATE_CONNECTIONS_PER_ADDRESS: number((config) => config.rates.connectionsPerAddress, 0, 0, 100_000),
  RATE_SESSIONS_PER_ADDRESS: number((config) => config.rates.sessionsPerAddress, 0, 0, 100_000),
  RATE_OPERATIONS_PER_CONNECTION: number((config) => config.rates.operationsPerConnection, 0, 0, 100_000),
  RATE_LIMIT_FAILURE: {
    of: (config) => config.rates.onFailure,
    default: 'open',
    good: { open: 'open', closed: 'closed' },
    bad: ['OPEN', 'none', '1'],
  },
  RATE_LIMIT_TIMEOUT_MS: number((config) => config.rates.timeoutMs, 250, 10, 60_000),
  TRUST_PROXY: number((config) => config.rates.trustedProxies, 0, 0, 10),
  HEARTBEAT_MS: number((config) => config.heartbeatMs, 15_000, 100, 600_000),
  HEAD_CHECK_MS: number((config) => config.headCheckMs, 3_000, 100, 600_000),
  PRESENCE_HEARTBEAT_MS: number((config) => config.presenceMs, 5_000, 100, 600_000),
  CONNECTION_INIT_TIMEOUT_MS: number((config) => config.initTimeoutMs, 3_000, 100, 600_000),
  MESSAGE_BYTES_LIMIT: number((config) => config.messageBytes, 65_536, 1_024, 16_777_216),
  SHUTDOWN_TIMEOUT_MS: number((config) => config.shutdownMs, 5_000, 0, 600_000),
  REDIS_TLS_CA: text((config) => config.redisTls.ca, '/etc/redis/ca.pem'),
  REDIS_TLS_CERT: text((config) => config.redisTls.cert, '/etc/redis/chat.pem'),
  REDIS_TLS_KEY: text((config) => config.redisTls.key, '/etc/redis/chat.key'),
  ALLOWED_ORIGINS: {
    of: (config) => config.protection.allowedOrigins,
    default: [],
    good: {
      'https://example.com': ['https://example.com'],
      'https://a.example, http://b.example:8080': ['https://a.example', 'http://b.example:8080'],
      'https://*.example.com': ['https://*.example.com'],
      'https://*.a.example:8443, https://b.example': ['https://*.a.example:8443', 'https://b.example'],
      '*': ['*'],
    },
    bad: [
      'chat.example',
      'https://chat.example/',
      'https://a.example b',
      'null',
      'http://*',
      'https://a.*.example',
      'https://*example.com',
      'https://*.*.example.com',
      '*.other.example',
    ],
  },
  GRAPHIQL: flag((config) => config.protection.graphiql, true),
  INTROSPECTION: flag((config) => config.protection.introspection, true),
  QUERY_DEPTH_LIMIT: number((config) => config.protection.query.depth, 10, 0, 1_000),
  QUERY_ALIASES_LIMIT: number((config) => config.protection.query.aliases, 15, 0, 10_000),
  QUERY_DIRECTIVES_LIMIT: number((config) => config.protection.query.directives, 20, 0, 10_000),
  QUERY_TOKENS_LIMIT: number((config) => config.protection.query.tokens, 1_000, 0, 100_000),
  QUERY_COST_LIMIT: number((config) => config.protection.query.cost, 10_000, 0, 1_000_000_000),
  TRUSTED_DOCUMENTS: text((config) => config.protection.trustedDocuments, 'persisted-documents.json'),
  // true wants a manifest: see below.
  REQUIRE_TRUSTED_DOCUMENTS: {
    ...flag((config) => config.protection.requireTrustedDocuments, false),
    good: { false: false, 0: false },
  },
  OPERATIONS_PER_CONNECTION: number((config) => config.protection.operationsPerConnection, 100, 0, 100_000),
  CONNECTIONS_LIMIT: number((config) => config.protection.connections, 100_000, 0, 10_000_000),
  CONNECTIONS_PER_ADDRESS: number((config) => config.protection.connectionsPerAddress, 0, 0, 10_000_000),
  IDLE_TIMEOUT_MS: number((config) => config.protection.idleTimeoutMs, 600_000, 0, 86_400_000),
  KEEP_ALIVE_TIMEOUT_MS: number((config) => config.protection.keepAliveTimeoutMs, 65_000, 1_000, 3_600_000),
  HEADERS_TIMEOUT_MS: number((config) => config.protection.headersTimeoutMs, 10_000, 100, 600_000),
  REQUEST_TIMEOUT_MS: number((config) => config.protection.requestTimeoutMs, 30_000, 100, 600_000),
  METRICS: flag((config) => config.metrics.enabled, true),
  METRICS_TOKEN: {
    of: (config) => config.metrics.token,
    default: undefined,
    good: { 'sixteen-characters': 'sixteen-characters' },
    bad: ['too short'],
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    of: (config) => config.tracesEndpoint,
    default: undefined,
    good: { 'http://collector:4318': 'http://collector:4318' },
    bad: ['collector:4318', 'grpc://collector'],
  },
  METRICS_REDIS_INFO_MS: number((config) => config.metrics.redisInfoMs, 15_000, 1_000, 600_000),
};

const fileOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The variables that the schema names. */
const read = [...fileOf('src/config/variables.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]*): /gm)].map(
  ([, name]) => name!,
);

it('every variable is tested here', () => {
  expect(Object.keys(VARIABLES).sort()).toEqual([...read].sort());
});

describe.each(Object.entries(VARIABLES))('%s', (name, variable) => {
  it('has a default, also where it is set to nothing', () => {
    expect(variable.of(configFromEnv({}))).toEqual(variable.default);
    expect(variable.of(configFromEnv({ [name]: '' }))).toEqual(variable.default);
    expect(variable.of(configFromEnv({ [name]: undefined }))).toEqual(variable.default);
  });

  it.each(Object.entries(variable.good))('takes %j', (text, value) => {
    expect(variable.of(configFromEnv({ [name]: text }))).toEqual(value);
  });

  it.each(variable.bad)('refuses %j with its name, and does not repeat the value', (text) => {
    const error = errorOf({ [name]: text });
    expect(error.message).toMatch(new RegExp(`^${name} takes `));
    if (text.length > 4) expect(error.message).not.toContain(text);
  });
});

describe('the configuration', () => {
  it('names every variable that is wrong, each on a line of its own', () => {
    const lines = errorOf({ PORT: 'x', LOG_LEVEL: 'loud', HOST: 'ok' }).message.split('\n');
    expect(lines).toEqual([expect.stringMatching(/^PORT /), expect.stringMatching(/^LOG_LEVEL /)]);
  });

  it('leaves alone what is not its own', () => {
    expect(configFromEnv({ PATH: '/bin', CONSTRUCTOR: 'x', port: '1' })).toEqual(configFromEnv({}));
  });

  it('wants a Redis in production, and takes no guests there unless it is told to', () => {
    const production = { NODE_ENV: 'production', REDIS_URL: 'redis://redis' };
    expect(errorOf({ NODE_ENV: 'production' }).message).toMatch(/^REDIS_URL /);
    expect(configFromEnv(production)).toMatchObject({ production: true, allowGuests: false });
    expect(configFromEnv({ ...production, ALLOW_GUESTS: 'true' }).allowGuests).toBe(true);
  });

  it('shows less of itself in production, and where trusted documents are required', () => {
    const production = { NODE_ENV: 'production', REDIS_URL: 'redis://redis' };
    const closed = { protection: { graphiql: false, introspection: false } };
    expect(configFromEnv(production)).toMatchObject(closed);
    const required = { REQUIRE_TRUSTED_DOCUMENTS: 'true', TRUSTED_DOCUMENTS: 'manifest.json' };
    expect(configFromEnv(required)).toMatchObject(closed);
    expect(configFromEnv({ ...production, GRAPHIQL: 'true' }).protection.graphiql).toBe(true);
    expect(errorOf({ REQUIRE_TRUSTED_DOCUMENTS: 'true' }).message).toMatch(/^TRUSTED_DOCUMENTS /);
  });

  describe('of the tokens of the platform', () => {
    const secret = 's'.repeat(32);
    const rest = { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'chat' };

    it('takes a secret, or the address of keys, with an issuer and an audience', () => {
      const to = { issuer: 'https://id.example', audience: 'chat' };
      expect(configFromEnv({ ...rest, JWT_SECRET: secret }).identity.jwt).toEqual({ key: { secret }, ...to });
      const jwksUrl = 'https://id.example/keys';
      expect(configFromEnv({ ...rest, JWT_JWKS_URL: jwksUrl }).identity.jwt).toEqual({
        key: { jwksUrl },
        ...to,
      });
    });

    it('takes neither both nor one without the rest, and repeats no secret', () => {
      const both = errorOf({ ...rest, JWT_SECRET: secret, JWT_JWKS_URL: 'https://id.example/keys' });
      expect(both.message).toMatch(/^JWT_SECRET and JWT_JWKS_URL /);
      const without = errorOf({ JWT_SECRET: secret });
      expect(without.message).toMatch(/^JWT_ISSUER and JWT_AUDIENCE /);
      expect(both.message + without.message).not.toContain(secret);
    });
  });

  it.each([
    ['is never smaller than a page', { ROOM_LOG_CAPACITY: '10', PAGE_SIZE_LIMIT: '300' }, 300],
    ['is never larger than what the store keeps', { ROOM_LOG_CAPACITY: '600', HISTORY_LIMIT: '50' }, 50],
  ])('a log %s', (_what, env, capacity) => {
    expect(configFromEnv(env).logCapacity).toBe(capacity);
  });

  it('gives no page by default that is larger than a page may be', () => {
    expect(configFromEnv({}).limits.defaultPageSize).toBe(50);
    expect(configFromEnv({ PAGE_SIZE_LIMIT: '20' }).limits.defaultPageSize).toBe(20);
  });
});

describe('rate limits that are not set', () => {
  it('are on in production and off elsewhere', () => {
    const { rates } = configFromEnv({ NODE_ENV: 'production', REDIS_URL: 'redis://localhost' });
    expect(rates).toMatchObject({
      sendsPerUser: 5,
      sendsPerAddress: 100,
      connectionsPerAddress: 200,
      sessionsPerAddress: 20,
      operationsPerConnection: 100,
    });
    expect(configFromEnv({}).rates.sendsPerUser).toBe(0);
  });
});

describe('.env.example', () => {
  const text = fileOf('.env.example');

  it('lists exactly the variables that are read, each once, with a comment', () => {
    const named = [...text.matchAll(/^(?<comment># .*\n)?(?<name>[A-Z][A-Z0-9_]*)=/gm)];
    expect(named.map(({ groups }) => groups!.name).sort()).toEqual([...read].sort());
    expect(named.filter(({ groups }) => groups!.comment === undefined)).toEqual([]);
  });

  it('gives the defaults: to use it as it is changes nothing', () => {
    expect(configFromEnv(parseEnv(text))).toEqual(configFromEnv({}));
    const shown = Object.entries(parseEnv(text)).filter(([, value]) => value !== '');
    for (const [name, value] of shown) expect(value, name).toBe(String(VARIABLES[name]!.default));
  });
});

function errorOf(env: Record<string, string>): Error {
  try {
    configFromEnv(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as Error;
  }
  throw new Error(`It was taken: ${JSON.stringify(env)}`);
}
