import { DEFAULT_LIMITS } from '#domain/limits.js';
import { type Environment, readVariables } from './read.js';
import { RULES } from './rules.js';
import type { Values } from './variables.js';
import { workersOf } from './workers.js';

/**
 * The configuration of the app: the values of the variables in variables/, which describes each of them, and
 * values derived from several variables. Durations end in `Ms` or `Seconds`.
 */
export type Config = ReturnType<typeof configOf>;

/** Who may connect, and what clients may request. For a number that may be 0, 0 means no limit. */
export type Protection = Config['protection'];

/** The configuration is invalid. The message has a line for each fault, which names the variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Runs a function that reads a file named by a variable. Any error becomes a ConfigError. */
export function orConfigError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

/**
 * Reads the configuration. An empty variable counts as not
 * set. Throws a ConfigError that names all invalid variables.
 */
export function configFromEnv(env: Environment): Config {
  const { values, faults } = readVariables(env);
  // Skip rules about a variable that is invalid on its own, because its value is unknown.
  const broken = RULES.filter(
    ({ variables, isBroken }) => !variables.some((name) => faults.has(name)) && isBroken(values),
  );
  const lines = [...faults.values(), ...broken.map(({ message }) => message)];
  if (lines.length > 0) throw new ConfigError(lines.join('\n'));
  return configOf(values);
}

/** Whether the configuration says where Redis is. */
export function namesRedis({ redisUrl, redisCluster, redisSentinel }: Config): boolean {
  return (redisUrl ?? redisCluster ?? redisSentinel) !== undefined;
}

function configOf(values: Values) {
  const production = values.NODE_ENV === 'production';
  // GraphiQL introspects the schema with documents that are not in any manifest.
  const isOpen = !production && !values.REQUIRE_TRUSTED_DOCUMENTS;
  return {
    production,
    port: values.PORT,
    host: values.HOST,
    /** If all three are undefined, an embedded Redis is started: see `namesRedis`. */
    redisUrl: values.REDIS_URL,
    redisCluster: values.REDIS_CLUSTER_NODES && { nodes: values.REDIS_CLUSTER_NODES },
    redisSentinel: sentinelOf(values),
    /** How to reach servers that no URL names. */
    redisServers: {
      /** Announced addresses, and what to connect to instead. */
      natMap: values.REDIS_NAT_MAP ?? [],
      username: values.REDIS_USERNAME,
      password: values.REDIS_PASSWORD,
      database: values.REDIS_DATABASE ?? 0,
      /** Which connections use TLS: to the servers, or to all including the Sentinels. */
      tls: values.REDIS_TLS ?? 'none',
    },
    redisTimeoutMs: values.REDIS_TIMEOUT_MS,
    redisTls: { ca: values.REDIS_TLS_CA, cert: values.REDIS_TLS_CERT, key: values.REDIS_TLS_KEY },
    durability: values.DURABILITY,
    historyReads: values.HISTORY_READS,
    messageTtlSeconds: values.MESSAGE_TTL_SECONDS,
    historyLimit: values.HISTORY_LIMIT,
    allowGuests: values.ALLOW_GUESTS,
    logLevel: values.LOG_LEVEL,
    nodeId: values.NODE_ID,
    /** Processes that share the work. With 1, there is no primary process. */
    workers: workersOf(values.WORKERS),
    limits: {
      contentLength: values.CONTENT_LENGTH_LIMIT,
      nameLength: values.NAME_LENGTH_LIMIT,
      roomIdLength: values.ROOM_ID_LENGTH_LIMIT,
      pageSize: values.PAGE_SIZE_LIMIT,
      defaultPageSize: Math.min(DEFAULT_LIMITS.defaultPageSize, values.PAGE_SIZE_LIMIT),
      roomCount: values.ROOM_COUNT_LIMIT,
      slowModeSeconds: values.SLOW_MODE_SECONDS_LIMIT,
    },
    frameCacheBytes: values.FRAME_CACHE_BYTES,
    // The log must be able to serve `last` of a subscription, and cannot hold more than the store.
    logCapacity: Math.min(Math.max(values.ROOM_LOG_CAPACITY, values.PAGE_SIZE_LIMIT), values.HISTORY_LIMIT),
    heartbeatMs: values.HEARTBEAT_MS,
    headCheckMs: values.HEAD_CHECK_MS,
    presenceMs: values.PRESENCE_HEARTBEAT_MS,
    initTimeoutMs: values.CONNECTION_INIT_TIMEOUT_MS,
    messageBytes: values.MESSAGE_BYTES_LIMIT,
    shutdownMs: values.SHUTDOWN_TIMEOUT_MS,
    protection: {
      allowedOrigins: values.ALLOWED_ORIGINS,
      graphiql: values.GRAPHIQL ?? isOpen,
      introspection: values.INTROSPECTION ?? isOpen,
      query: {
        depth: values.QUERY_DEPTH_LIMIT,
        aliases: values.QUERY_ALIASES_LIMIT,
        directives: values.QUERY_DIRECTIVES_LIMIT,
        tokens: values.QUERY_TOKENS_LIMIT,
        cost: values.QUERY_COST_LIMIT,
        responseBytes: values.RESPONSE_BYTES_LIMIT ?? largestListBytes(values),
      },
      trustedDocuments: values.TRUSTED_DOCUMENTS,
      requireTrustedDocuments: values.REQUIRE_TRUSTED_DOCUMENTS,
      operationsPerConnection: values.OPERATIONS_PER_CONNECTION,
      selections: {
        perConnection: values.SELECTIONS_PER_CONNECTION,
        perAddress: values.SELECTIONS_PER_ADDRESS,
        perRoom: values.SELECTIONS_PER_ROOM,
        topicsPerAddress: values.TOPICS_PER_ADDRESS,
      },
      answers: {
        perConnection: values.ANSWERS_PER_CONNECTION,
        perAddress: values.ANSWERS_PER_ADDRESS,
        inAll: values.ANSWERS_LIMIT,
      },
      unread: {
        perConnection: values.UNREAD_BYTES_PER_CONNECTION,
        perAddress: values.UNREAD_BYTES_PER_ADDRESS,
        inAll: values.UNREAD_BYTES_LIMIT,
      },
      connections: values.CONNECTIONS_LIMIT,
      connectionsPerAddress: values.CONNECTIONS_PER_ADDRESS,
      idleTimeoutMs: values.IDLE_TIMEOUT_MS,
      headersTimeoutMs: values.HEADERS_TIMEOUT_MS,
      requestTimeoutMs: values.REQUEST_TIMEOUT_MS,
      keepAliveTimeoutMs: values.KEEP_ALIVE_TIMEOUT_MS,
    },
    metrics: {
      enabled: values.METRICS,
      token: values.METRICS_TOKEN,
      redisInfoMs: values.METRICS_REDIS_INFO_MS,
    },
    /** If undefined, tracing is off. */
    tracesEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    identity: {
      sessionTtlSeconds: values.SESSION_TTL_SECONDS,
      checkMs: values.SESSION_CHECK_MS,
      jwt: jwtOf(values),
    },
    rates: {
      windowMs: values.RATE_WINDOW_SECONDS * 1_000,
      sendsPerUser: values.RATE_SENDS_PER_USER,
      sendsPerAddress: values.RATE_SENDS_PER_ADDRESS,
      connectionsPerAddress: values.RATE_CONNECTIONS_PER_ADDRESS,
      sessionsPerAddress: values.RATE_SESSIONS_PER_ADDRESS,
      roomsPerAddress: values.RATE_ROOMS_PER_ADDRESS,
      operationsPerConnection: values.RATE_OPERATIONS_PER_CONNECTION,
      costPerAddress: values.RATE_COST_PER_ADDRESS,
      onFailure: values.RATE_LIMIT_FAILURE,
      timeoutMs: values.RATE_LIMIT_TIMEOUT_MS,
      trustedProxies: values.TRUST_PROXY,
    },
  };
}

/** Bytes of a message besides its content and its author's name: keys, ids, the room, the time. */
const AROUND_MESSAGE_BYTES = 1_024;

/** The most bytes of a page of messages, or of a list of rooms with the newest message of each. */
function largestListBytes({
  PAGE_SIZE_LIMIT,
  ROOM_COUNT_LIMIT,
  CONTENT_LENGTH_LIMIT,
  NAME_LENGTH_LIMIT,
}: Values): number {
  // A character has at most four bytes.
  const message = 4 * (CONTENT_LENGTH_LIMIT + NAME_LENGTH_LIMIT) + AROUND_MESSAGE_BYTES;
  return Math.max(PAGE_SIZE_LIMIT, ROOM_COUNT_LIMIT) * message;
}

/** The Sentinels and how to log in to them; undefined if there are none. */
function sentinelOf({ REDIS_SENTINELS: sentinels, REDIS_SENTINEL_NAME, ...values }: Values) {
  if (sentinels === undefined) return undefined;
  return {
    sentinels,
    // The rules ensure that it is set.
    name: REDIS_SENTINEL_NAME!,
    username: values.REDIS_SENTINEL_USERNAME,
    password: values.REDIS_SENTINEL_PASSWORD,
  };
}

/** How the platform's own tokens are verified; undefined if it has none. */
function jwtOf({ JWT_SECRET: secret, JWT_JWKS_URL: jwksUrl, JWT_ISSUER, JWT_AUDIENCE }: Values) {
  if (secret === undefined && jwksUrl === undefined) return undefined;
  const key = secret === undefined ? { jwksUrl: jwksUrl! } : { secret };
  // The rules ensure that both are set.
  return { key, issuer: JWT_ISSUER!, audience: JWT_AUDIENCE! };
}
