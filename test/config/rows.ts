import { expect } from 'vitest';
import { type Config, ConfigError, configFromEnv } from '#config/config.js';

/** The expected behavior of one variable. */
export interface Row {
  /** Its value in the configuration. */
  of: (config: Config) => unknown;
  default: unknown;
  /** Accepted texts, with their values. */
  good: Record<string, unknown>;
  bad: string[];
  /** Whether an error must not repeat the text. */
  isSecret?: true;
}

/** An integer within bounds. */
function number(of: Row['of'], standard: number, least: number, most: number): Row {
  const good = { [least]: least, [most]: most };
  const bad = [String(least - 1), String(most + 1), '1.5', '1e3', '0x10', ' 5', 'many', '-5', '+5', 'NaN'];
  return { of, default: standard, good, bad };
}

/** True or false. */
function flag(of: Row['of'], standard: boolean): Row {
  const good = { true: true, false: false, 1: true, 0: false };
  return { of, default: standard, good, bad: ['yes', 'no', 'TRUE', '2'] };
}

/** Any text. */
function text(of: Row['of'], example: string): Row {
  return { of, default: undefined, good: { [example]: example }, bad: [] };
}

/** Lists of addresses that are refused. */
const BAD_ADDRESSES = [
  'host',
  'host:',
  ':26379',
  'host:0',
  'host:65536',
  'host:x',
  '1::2:26379',
  'redis://host:26379',
  'a:1,,b:2',
  'a:1,',
  'a:1;b:2',
];

/** A row for every variable, written independently of the declarations under test. */
export const ROWS: Readonly<Record<string, Row>> = {
  NODE_ENV: {
    of: (config) => config.production,
    default: false,
    good: { test: false, development: false },
    bad: ['prod', 'Production', 'PRODUCTION', 'staging', 'production ', 'true'],
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
    isSecret: true,
  },
  // The following go together: see redis.test.ts.
  REDIS_CLUSTER_NODES: {
    of: (config) => config.redisCluster?.nodes,
    default: undefined,
    good: {
      'a:1,[::1]:65535': [
        { host: 'a', port: 1 },
        { host: '::1', port: 65_535 },
      ],
    },
    bad: BAD_ADDRESSES,
  },
  REDIS_NAT_MAP: {
    of: (config) => config.redisServers.natMap,
    default: [],
    good: {},
    bad: ['a:1', 'a:1=b', 'a:1=b:2=c:3', 'a:1=b:2,', 'a:1=>b:2'],
  },
  REDIS_SENTINELS: {
    of: (config) => config.redisSentinel,
    default: undefined,
    good: {},
    bad: BAD_ADDRESSES,
  },
  REDIS_SENTINEL_NAME: { of: (config) => config.redisSentinel, default: undefined, good: {}, bad: [] },
  REDIS_SENTINEL_USERNAME: { of: (config) => config.redisSentinel, default: undefined, good: {}, bad: [] },
  REDIS_SENTINEL_PASSWORD: { of: (config) => config.redisSentinel, default: undefined, good: {}, bad: [] },
  REDIS_USERNAME: { of: (config) => config.redisServers.username, default: undefined, good: {}, bad: [] },
  REDIS_PASSWORD: { of: (config) => config.redisServers.password, default: undefined, good: {}, bad: [] },
  REDIS_DATABASE: {
    of: (config) => config.redisServers.database,
    default: 0,
    good: {},
    bad: ['-1', '65536', '1.5', 'one'],
  },
  REDIS_TLS: {
    of: (config) => config.redisServers.tls,
    default: 'none',
    good: {},
    bad: ['true', 'ALL', 'sentinels'],
  },
  REDIS_TIMEOUT_MS: number((config) => config.redisTimeoutMs, 2_000, 50, 60_000),
  DURABILITY: {
    of: (config) => config.durability,
    default: 'primary',
    good: { primary: 'primary', replicated: 'replicated' },
    bad: ['PRIMARY', 'none', '1'],
  },
  HISTORY_READS: {
    of: (config) => config.historyReads,
    default: 'primary',
    good: { primary: 'primary' },
    bad: ['PRIMARY', 'replica', '1'],
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
  // `auto` depends on the machine: see config.test.ts.
  WORKERS: {
    of: (config) => config.workers,
    default: 1,
    good: { 1: 1, 2: 2, 64: 64 },
    bad: ['0', '65', '-1', '1.5', 'Auto', 'AUTO', 'all', ' 2'],
  },
  CONTENT_LENGTH_LIMIT: number((config) => config.limits.contentLength, 500, 1, 10_000),
  NAME_LENGTH_LIMIT: number((config) => config.limits.nameLength, 40, 1, 200),
  ROOM_ID_LENGTH_LIMIT: number((config) => config.limits.roomIdLength, 64, 1, 256),
  PAGE_SIZE_LIMIT: number((config) => config.limits.pageSize, 200, 1, 1_000),
  ROOM_COUNT_LIMIT: number((config) => config.limits.roomCount, 500, 1, 10_000),
  // Two others change its value: see config.test.ts.
  ROOM_LOG_CAPACITY: { ...number((config) => config.logCapacity, 512, 1, 100_000), good: { 600: 600 } },
  FRAME_CACHE_BYTES: number((config) => config.frameCacheBytes, 134_217_728, 1_048_576, 17_179_869_184),
  SLOW_MODE_SECONDS_LIMIT: number((config) => config.limits.slowModeSeconds, 3_600, 1, 86_400),
  SESSION_TTL_SECONDS: number((config) => config.identity.sessionTtlSeconds, 86_400, 1, 31_536_000),
  SESSION_CHECK_MS: number((config) => config.identity.checkMs, 2_000, 50, 60_000),
  // These four go together: see config.test.ts.
  JWT_SECRET: {
    of: (config) => config.identity.jwt,
    default: undefined,
    good: {},
    bad: ['short', 'x'.repeat(31)],
    isSecret: true,
  },
  JWT_JWKS_URL: {
    of: (config) => config.identity.jwt,
    default: undefined,
    good: {},
    bad: ['example.com/keys', 'file:///etc/passwd', 'redis://example.com', 'http://id.example/keys'],
    isSecret: true,
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
  RATE_ROOMS_PER_ADDRESS: number((config) => config.rates.roomsPerAddress, 0, 0, 100_000),
  RATE_OPERATIONS_PER_CONNECTION: number((config) => config.rates.operationsPerConnection, 0, 0, 100_000),
  RATE_COST_PER_ADDRESS: number((config) => config.rates.costPerAddress, 0, 0, 1_000_000_000),
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
      '*': ['*'],
      'https://*.example.com': ['https://*.example.com'],
      'https://*.a.example:8443, https://b.example': ['https://*.a.example:8443', 'https://b.example'],
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
  // Without a value, it follows from other limits: see config.test.ts.
  RESPONSE_BYTES_LIMIT: number(
    (config) => config.protection.query.responseBytes,
    1_592_000,
    0,
    1_000_000_000,
  ),
  TRUSTED_DOCUMENTS: text((config) => config.protection.trustedDocuments, 'persisted-documents.json'),
  // `true` requires a manifest: see config.test.ts.
  REQUIRE_TRUSTED_DOCUMENTS: {
    ...flag((config) => config.protection.requireTrustedDocuments, false),
    good: { false: false, 0: false },
  },
  OPERATIONS_PER_CONNECTION: number((config) => config.protection.operationsPerConnection, 100, 0, 100_000),
  SELECTIONS_PER_CONNECTION: number((config) => config.protection.selections.perConnection, 10, 0, 100_000),
  SELECTIONS_PER_ADDRESS: number((config) => config.protection.selections.perAddress, 100, 0, 1_000_000),
  SELECTIONS_PER_ROOM: number((config) => config.protection.selections.perRoom, 200, 0, 100_000),
  TOPICS_PER_ADDRESS: number((config) => config.protection.selections.topicsPerAddress, 500, 0, 1_000_000),
  ANSWERS_PER_CONNECTION: number((config) => config.protection.answers.perConnection, 10, 0, 100_000),
  ANSWERS_PER_ADDRESS: number((config) => config.protection.answers.perAddress, 0, 0, 1_000_000),
  ANSWERS_LIMIT: number((config) => config.protection.answers.inAll, 1_000, 0, 10_000_000),
  UNREAD_BYTES_PER_CONNECTION: number(
    (config) => config.protection.unread.perConnection,
    16_777_216,
    0,
    1_000_000_000,
  ),
  UNREAD_BYTES_PER_ADDRESS: number(
    (config) => config.protection.unread.perAddress,
    67_108_864,
    0,
    1_000_000_000_000,
  ),
  UNREAD_BYTES_LIMIT: number((config) => config.protection.unread.inAll, 268_435_456, 0, 1_000_000_000_000),
  CONNECTIONS_LIMIT: number((config) => config.protection.connections, 100_000, 0, 10_000_000),
  CONNECTIONS_PER_ADDRESS: number((config) => config.protection.connectionsPerAddress, 0, 0, 10_000_000),
  IDLE_TIMEOUT_MS: number((config) => config.protection.idleTimeoutMs, 600_000, 0, 86_400_000),
  HEADERS_TIMEOUT_MS: number((config) => config.protection.headersTimeoutMs, 10_000, 100, 600_000),
  REQUEST_TIMEOUT_MS: number((config) => config.protection.requestTimeoutMs, 30_000, 100, 600_000),
  KEEP_ALIVE_TIMEOUT_MS: number((config) => config.protection.keepAliveTimeoutMs, 65_000, 1_000, 3_600_000),
  METRICS: flag((config) => config.metrics.enabled, true),
  METRICS_TOKEN: {
    of: (config) => config.metrics.token,
    default: undefined,
    good: { 'sixteen-characters': 'sixteen-characters' },
    bad: ['too short'],
    isSecret: true,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    of: (config) => config.tracesEndpoint,
    default: undefined,
    good: { 'http://collector:4318': 'http://collector:4318' },
    bad: ['collector:4318', 'grpc://collector'],
    isSecret: true,
  },
  METRICS_REDIS_INFO_MS: number((config) => config.metrics.redisInfoMs, 15_000, 1_000, 600_000),
};

/** The ConfigError for these variables. */
export function errorOf(env: Readonly<Record<string, string | undefined>>): Error {
  try {
    configFromEnv(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as Error;
  }
  throw new Error(`No error for: ${JSON.stringify(env)}`);
}
