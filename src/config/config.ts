import { DEFAULT_LIMITS, type Limits } from '#domain/limits.js';
import { type Variables, variables } from './variables.js';

/** Everything that can be set from outside, read once. Durations end in `Ms` or `Seconds`. */
export interface Config {
  production: boolean;
  port: number;
  host: string;
  /** Undefined: an embedded Redis is started. */
  redisUrl: string | undefined;
  redisTimeoutMs: number;
  /** Files for a Redis that is reached by TLS: whom to trust, and who this server is. */
  redisTls: { ca: string | undefined; cert: string | undefined; key: string | undefined };
  /** Whether a send is acknowledged by the primary alone, or once a replica has it too. */
  durability: 'primary' | 'replicated';
  messageTtlSeconds: number;
  historyLimit: number;
  allowGuests: boolean;
  logLevel: string;
  nodeId: string | undefined;
  limits: Limits;
  logCapacity: number;
  /** Bytes of rendered messages that all rooms together keep. */
  frameCacheBytes: number;
  heartbeatMs: number;
  headCheckMs: number;
  presenceMs: number;
  initTimeoutMs: number;
  messageBytes: number;
  shutdownMs: number;
  protection: Protection;
  metrics: MetricsConfig;
  /** Where traces are sent, by OTLP over HTTP; undefined: nothing is traced. */
  tracesEndpoint: string | undefined;
  identity: Identity;
  rates: Rates;
}

/** Who is calling, and how that is known. */
export interface Identity {
  /** How long a session lasts without being used. */
  sessionTtlSeconds: number;
  /** How often open connections are looked at for sessions and tokens that have ended. */
  checkMs: number;
  /** The platform's own tokens; undefined where it has none. */
  jwt: { key: { secret: string } | { jwksUrl: string }; issuer: string; audience: string } | undefined;
}

/** How much is taken within `windowMs`. For each number 0 is no limit. */
export interface Rates {
  windowMs: number;
  sendsPerUser: number;
  sendsPerAddress: number;
  connectionsPerAddress: number;
  sessionsPerAddress: number;
  operationsPerConnection: number;
  /** What becomes of a request that cannot be counted within `timeoutMs`. */
  onFailure: 'open' | 'closed';
  timeoutMs: number;
  /** Proxies before this server that tell in X-Forwarded-For who asks. */
  trustedProxies: number;
}

/** Who may connect, how much of it, and what a document may be. For each number 0 is no limit. */
export interface Protection {
  /** Origins of pages that may connect besides the server's own; `*` for any. */
  allowedOrigins: string[];
  graphiql: boolean;
  introspection: boolean;
  query: { depth: number; aliases: number; directives: number; tokens: number; cost: number };
  /** The path of the manifest of trusted documents, and whether no other document is taken. */
  trustedDocuments: string | undefined;
  requireTrustedDocuments: boolean;
  operationsPerConnection: number;
  connections: number;
  connectionsPerAddress: number;
  /** How long a WebSocket may stay without an operation. */
  idleTimeoutMs: number;
  /** How long a client may take to send the head of a request, and all of it. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** How long an idle HTTP connection stays open. */
  keepAliveTimeoutMs: number;
}

/** Measures for Prometheus. */
export interface MetricsConfig {
  enabled: boolean;
  /** What a scraper has to present; without one, only this machine may ask. */
  token: string | undefined;
  /** How often Redis is asked how it is. */
  redisInfoMs: number;
}

/** A variable that cannot be used: `message` names it, and says what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration. An empty variable counts as one that is not set. Throws a ConfigError that names
 * every variable that is wrong.
 */
export function configFromEnv(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'),
    );
  }
  const value = parsed.data;
  const production = value.NODE_ENV === 'production';
  if (production && value.REDIS_URL === undefined) {
    throw new ConfigError('REDIS_URL must be set in production: an embedded Redis keeps nothing.');
  }
  if (value.REQUIRE_TRUSTED_DOCUMENTS && value.TRUSTED_DOCUMENTS === undefined) {
    throw new ConfigError('TRUSTED_DOCUMENTS takes the path of a manifest where they are required.');
  }
  // What a browser shows for looking around asks for documents that nobody has listed.
  const isOpen = !production && !value.REQUIRE_TRUSTED_DOCUMENTS;
  // On a desk, whoever tries things out is all of the users, from one address.
  const rate = (given: number | undefined, inProduction: number) => given ?? (production ? inProduction : 0);
  return {
    production,
    port: value.PORT,
    host: value.HOST,
    redisUrl: value.REDIS_URL,
    redisTimeoutMs: value.REDIS_TIMEOUT_MS,
    redisTls: { ca: value.REDIS_TLS_CA, cert: value.REDIS_TLS_CERT, key: value.REDIS_TLS_KEY },
    durability: value.DURABILITY,
    messageTtlSeconds: value.MESSAGE_TTL_SECONDS,
    historyLimit: value.HISTORY_LIMIT,
    allowGuests: value.ALLOW_GUESTS ?? !production,
    logLevel: value.LOG_LEVEL,
    nodeId: value.NODE_ID,
    limits: {
      contentLength: value.CONTENT_LENGTH_LIMIT,
      nameLength: value.NAME_LENGTH_LIMIT,
      roomIdLength: value.ROOM_ID_LENGTH_LIMIT,
      pageSize: value.PAGE_SIZE_LIMIT,
      defaultPageSize: Math.min(DEFAULT_LIMITS.defaultPageSize, value.PAGE_SIZE_LIMIT),
      roomCount: value.ROOM_COUNT_LIMIT,
      slowModeSeconds: value.SLOW_MODE_SECONDS_LIMIT,
    },
    // A joining viewer's `last` is answered from the log alone, and the log holds no more than the store.
    frameCacheBytes: value.FRAME_CACHE_BYTES,
    logCapacity: Math.min(Math.max(value.ROOM_LOG_CAPACITY, value.PAGE_SIZE_LIMIT), value.HISTORY_LIMIT),
    heartbeatMs: value.HEARTBEAT_MS,
    headCheckMs: value.HEAD_CHECK_MS,
    presenceMs: value.PRESENCE_HEARTBEAT_MS,
    initTimeoutMs: value.CONNECTION_INIT_TIMEOUT_MS,
    messageBytes: value.MESSAGE_BYTES_LIMIT,
    shutdownMs: value.SHUTDOWN_TIMEOUT_MS,
    protection: {
      allowedOrigins: value.ALLOWED_ORIGINS,
      graphiql: value.GRAPHIQL ?? isOpen,
      introspection: value.INTROSPECTION ?? isOpen,
      query: {
        depth: value.QUERY_DEPTH_LIMIT,
        aliases: value.QUERY_ALIASES_LIMIT,
        directives: value.QUERY_DIRECTIVES_LIMIT,
        tokens: value.QUERY_TOKENS_LIMIT,
        cost: value.QUERY_COST_LIMIT,
      },
      trustedDocuments: value.TRUSTED_DOCUMENTS,
      requireTrustedDocuments: value.REQUIRE_TRUSTED_DOCUMENTS,
      operationsPerConnection: value.OPERATIONS_PER_CONNECTION,
      connections: value.CONNECTIONS_LIMIT,
      connectionsPerAddress: value.CONNECTIONS_PER_ADDRESS,
      idleTimeoutMs: value.IDLE_TIMEOUT_MS,
      headersTimeoutMs: value.HEADERS_TIMEOUT_MS,
      requestTimeoutMs: value.REQUEST_TIMEOUT_MS,
      keepAliveTimeoutMs: value.KEEP_ALIVE_TIMEOUT_MS,
    },
    tracesEndpoint: value.OTEL_EXPORTER_OTLP_ENDPOINT,
    metrics: {
      enabled: value.METRICS,
      token: value.METRICS_TOKEN,
      redisInfoMs: value.METRICS_REDIS_INFO_MS,
    },
    identity: {
      sessionTtlSeconds: value.SESSION_TTL_SECONDS,
      checkMs: value.SESSION_CHECK_MS,
      jwt: jwtOf(value),
    },
    rates: {
      windowMs: value.RATE_WINDOW_SECONDS * 1_000,
      sendsPerUser: rate(value.RATE_SENDS_PER_USER, 5),
      sendsPerAddress: rate(value.RATE_SENDS_PER_ADDRESS, 100),
      connectionsPerAddress: rate(value.RATE_CONNECTIONS_PER_ADDRESS, 200),
      sessionsPerAddress: rate(value.RATE_SESSIONS_PER_ADDRESS, 20),
      operationsPerConnection: rate(value.RATE_OPERATIONS_PER_CONNECTION, 100),
      onFailure: value.RATE_LIMIT_FAILURE,
      timeoutMs: value.RATE_LIMIT_TIMEOUT_MS,
      trustedProxies: value.TRUST_PROXY,
    },
  };
}

function jwtOf(value: Variables): Identity['jwt'] {
  const { JWT_SECRET: secret, JWT_JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = value;
  if (secret === undefined && jwksUrl === undefined) return undefined;
  if (secret !== undefined && jwksUrl !== undefined) {
    throw new ConfigError('JWT_SECRET and JWT_JWKS_URL exclude each other: set one of them.');
  }
  // Without them a token that was made for something else would count here.
  if (issuer === undefined || audience === undefined) {
    throw new ConfigError('JWT_ISSUER and JWT_AUDIENCE must be set where tokens are taken.');
  }
  return { key: secret === undefined ? { jwksUrl: jwksUrl as string } : { secret }, issuer, audience };
}
