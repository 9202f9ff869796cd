import { z } from 'zod';
import { DEFAULT_LIMITS } from '#domain/limits.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const integer = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .regex(/^\d+$/, 'takes a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `takes a whole number from ${least} to ${most}`);
const flag = z
  .enum(['true', 'false', '1', '0'], 'takes true or false')
  .transform((value) => value === 'true' || value === '1');
const redisUrl = z.url({
  protocol: /^rediss?$/,
  hostname: /./,
  error: 'takes a URL that begins with redis:// or rediss://',
});

/** Separated by commas: each an origin as a browser writes it, one with a wildcard for subdomains, or "*". */
const originList = z
  .string()
  .transform((text) => text.split(',').map((origin) => origin.trim()))
  .refine(
    (origins) => origins.every((origin) => origin === '*' || isOrigin(origin)),
    'takes origins such as https://example.com or https://*.example.com, separated by commas, or *',
  );

const JWKS_FORM = 'takes a URL that begins with https://';
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

/** An origin as a browser writes it, or one with a wildcard in place of the first labels: https://*.example.com */
function isOrigin(text: string): boolean {
  const example = text.replace('://*.', '://any.');
  return !example.includes('*') && URL.canParse(example) && new URL(example).origin === example;
}

/** Every variable that is read, what it takes, and what it is where it is not set. */
export const variables = z.object({
  NODE_ENV: z.string().optional(),
  PORT: integer(0, 65_535).default(4000),
  HOST: z.string().default('0.0.0.0'),
  REDIS_URL: redisUrl.optional(),
  REDIS_TIMEOUT_MS: integer(50, 60_000).default(2_000),
  DURABILITY: z.enum(['primary', 'replicated'], 'takes primary or replicated').default('primary'),
  MESSAGE_TTL_SECONDS: integer(1, 31_536_000).default(86_400),
  HISTORY_LIMIT: integer(1, 1_000_000).default(10_000),
  ALLOW_GUESTS: flag.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `takes one of ${LOG_LEVELS.join(', ')}`).default('info'),
  NODE_ID: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'takes 1 to 64 letters, digits, "_", "-" and "."')
    .optional(),
  CONTENT_LENGTH_LIMIT: integer(1, 10_000).default(DEFAULT_LIMITS.contentLength),
  NAME_LENGTH_LIMIT: integer(1, 200).default(DEFAULT_LIMITS.nameLength),
  ROOM_ID_LENGTH_LIMIT: integer(1, 256).default(DEFAULT_LIMITS.roomIdLength),
  PAGE_SIZE_LIMIT: integer(1, 1_000).default(DEFAULT_LIMITS.pageSize),
  ROOM_COUNT_LIMIT: integer(1, 10_000).default(DEFAULT_LIMITS.roomCount),
  ROOM_LOG_CAPACITY: integer(1, 100_000).default(512),
  FRAME_CACHE_BYTES: integer(1_048_576, 17_179_869_184).default(134_217_728),
  HEARTBEAT_MS: integer(100, 600_000).default(15_000),
  HEAD_CHECK_MS: integer(100, 600_000).default(3_000),
  PRESENCE_HEARTBEAT_MS: integer(100, 600_000).default(5_000),
  CONNECTION_INIT_TIMEOUT_MS: integer(100, 600_000).default(3_000),
  MESSAGE_BYTES_LIMIT: integer(1_024, 16_777_216).default(65_536),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000).default(5_000),
  SLOW_MODE_SECONDS_LIMIT: integer(1, 86_400).default(DEFAULT_LIMITS.slowModeSeconds),
  SESSION_TTL_SECONDS: integer(1, 31_536_000).default(86_400),
  SESSION_CHECK_MS: integer(50, 60_000).default(2_000),
  JWT_SECRET: z.string().min(32, 'takes a secret of 32 characters or more').optional(),
  JWT_JWKS_URL: z
    .url({ protocol: /^https?$/, error: JWKS_FORM })
    // Whoever could change what comes over the network in the clear would sign in as anybody.
    .refine((url) => url.startsWith('https:') || LOOPBACK_HOST.test(hostOf(url)), JWKS_FORM)
    .optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  RATE_WINDOW_SECONDS: integer(1, 3_600).default(10),
  RATE_SENDS_PER_USER: integer(0, 1_000).optional(),
  RATE_SENDS_PER_ADDRESS: integer(0, 100_000).optional(),
  RATE_CONNECTIONS_PER_ADDRESS: integer(0, 100_000).optional(),
  RATE_SESSIONS_PER_ADDRESS: integer(0, 100_000).optional(),
  RATE_OPERATIONS_PER_CONNECTION: integer(0, 100_000).optional(),
  RATE_LIMIT_FAILURE: z.enum(['open', 'closed'], 'takes open or closed').default('open'),
  RATE_LIMIT_TIMEOUT_MS: integer(10, 60_000).default(250),
  TRUST_PROXY: integer(0, 10).default(0),
  REDIS_TLS_CA: z.string().optional(),
  REDIS_TLS_CERT: z.string().optional(),
  REDIS_TLS_KEY: z.string().optional(),
  ALLOWED_ORIGINS: originList.default([]),
  GRAPHIQL: flag.optional(),
  INTROSPECTION: flag.optional(),
  QUERY_DEPTH_LIMIT: integer(0, 1_000).default(10),
  QUERY_ALIASES_LIMIT: integer(0, 10_000).default(15),
  QUERY_DIRECTIVES_LIMIT: integer(0, 10_000).default(20),
  QUERY_TOKENS_LIMIT: integer(0, 100_000).default(1_000),
  QUERY_COST_LIMIT: integer(0, 1_000_000_000).default(10_000),
  TRUSTED_DOCUMENTS: z.string().optional(),
  REQUIRE_TRUSTED_DOCUMENTS: flag.default(false),
  OPERATIONS_PER_CONNECTION: integer(0, 100_000).default(100),
  CONNECTIONS_LIMIT: integer(0, 10_000_000).default(100_000),
  CONNECTIONS_PER_ADDRESS: integer(0, 10_000_000).default(0),
  IDLE_TIMEOUT_MS: integer(0, 86_400_000).default(600_000),
  HEADERS_TIMEOUT_MS: integer(100, 600_000).default(10_000),
  REQUEST_TIMEOUT_MS: integer(100, 600_000).default(30_000),
  KEEP_ALIVE_TIMEOUT_MS: integer(1_000, 3_600_000).default(65_000),
  METRICS: flag.default(true),
  METRICS_TOKEN: z.string().min(16, 'takes at least 16 characters').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'takes an http:// URL' }).optional(),
  METRICS_REDIS_INFO_MS: integer(1_000, 600_000).default(15_000),
});

/** The variables as they were read. */
export type Variables = z.infer<typeof variables>;
