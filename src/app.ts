/**
 * One node of the chat, put together: config → store → hub → schema → engine → transports. This is the only
 * file that knows all of them.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Config, ConfigError } from '#config/config.js';
import { createSubscribe } from '#fanout/delivery/subscribe.js';
import { Hub } from '#fanout/hub.js';
import { createContexts, type OperationContext } from '#graphql/context.js';
import { createSchema } from '#graphql/schema.js';
import { readTlsFiles } from '#redis/client/tls.js';
import { createStore, type Store } from '#redis/store.js';
import { readManifest, TrustedDocuments } from '#server/documents/trusted-documents.js';
import { addressOf } from '#server/guards/client-address.js';
import { ConnectionIds, type Engine } from '#server/operation/engine.js';
import { createErrorFormatter } from '#server/operation/errors.js';
import { createJwtVerifier } from '#server/operation/jwt.js';
import { createVerifier } from '#server/operation/token-verifier.js';
import { createTransports } from '#server/transports.js';
import { createLog, type Log, throttled } from '#telemetry/log.js';
import { LogDestination, openStandardOutput } from '#telemetry/log-destination.js';
import { Metrics } from '#telemetry/metrics.js';
import { observer } from '#telemetry/store-decorators.js';
import { startTracing, type Tracing } from '#telemetry/tracing.js';

/** How often an outage that lasts is logged again, in milliseconds. */
const LOG_AGAIN_MS = 10_000;

/** Characters of a client's header that are logged. */
const LOGGED_LENGTH = 200;

/** Where `npm run build` puts the page, seen from src/ and from dist/ alike. */
const PAGE = fileURLToPath(new URL('../dist/web', import.meta.url));

/** One node of the chat. */
export interface App {
  log: Log;
  /** Accepts connections, whether or not Redis answers yet. Resolves with the port. */
  listen(): Promise<number>;
  /** Completes subscriptions, lets requests end and closes the connections to Redis. Safe to call twice. */
  close(): Promise<void>;
}

/** Builds a node. It starts to connect to Redis at once, and accepts nothing before `listen`. */
export function createApp(config: Config & { redisUrl: string }): App {
  const nodeId = config.nodeId ?? randomBytes(6).toString('hex');
  const destination = new LogDestination({
    open: openStandardOutput,
    onRecovered: (dropped) => log.warn({ dropped }, 'log lines were dropped: they could not be written'),
  });
  const log = createLog({ level: config.logLevel, nodeId, destination });
  const metrics = config.metrics.enabled
    ? new Metrics({
        connections: () => transports.connections(),
        fanout: () => ({
          ...hub.size,
          ...hub.meter.total,
          subscriptions: hub.stats.subscriptions,
          lagging: hub.waiting,
        }),
        redis: () => store.info(),
        droppedLogLines: () => destination.dropped,
      })
    : undefined;
  const store = openStore(config, { nodeId, log, metrics });

  let tracing: Tracing | undefined;
  const trace: Tracing['run'] = async (name, attributes, work) =>
    tracing ? tracing.run(name, attributes, work) : work();
  const observe = observer({
    durations: metrics?.storeDurations,
    run: config.tracesEndpoint === undefined ? undefined : trace,
  });
  const eventLog = observe.eventLog(store.eventLog);
  const directory = observe.directory(store.directory);

  const hub = openHub(config, { ...store, eventLog, log, metrics });
  const engine = createEngine(config, { ...store, eventLog, directory, hub, log, metrics, trace });
  let closing: Promise<void> | undefined;
  const transports = openTransports(config, {
    engine,
    store,
    log,
    metrics,
    isShuttingDown: () => closing !== undefined,
  });

  async function shutDown(): Promise<void> {
    const { requestsEnded } = await transports.close();
    await hub.close();
    await requestsEnded;
    metrics?.close();
    await tracing?.close().catch((err: unknown) => log.warn({ err }, 'the last traces could not be sent'));
    await store.close();
    await destination.close();
  }

  return {
    log,
    listen: async () => {
      if (config.tracesEndpoint !== undefined) {
        tracing = await startTracing({ endpoint: config.tracesEndpoint, nodeId });
      }
      const port = await transports.listen(config.port, config.host);
      store.start();
      hub.start();
      await warnAboutRedis(store, log);
      return port;
    },
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
}

type Parts = { log: Log; metrics: Metrics | undefined };

function openStore(
  config: Config & { redisUrl: string },
  { nodeId, log, metrics }: Parts & { nodeId: string },
) {
  const { rates } = config;
  const rate = (count: number) => ({ count, windowMs: rates.windowMs });
  let limitError: unknown;
  const logLimitError = throttled(LOG_AGAIN_MS, (suppressed) =>
    log.warn({ err: limitError, suppressed, failure: rates.onFailure }, 'a limit could not be counted'),
  );
  return createStore({
    url: config.redisUrl,
    tls: orConfigError(() => readTlsFiles(config.redisTls)),
    nodeId,
    timeoutMs: config.redisTimeoutMs,
    durability: config.durability,
    messageTtlSeconds: config.messageTtlSeconds,
    historyLimit: config.historyLimit,
    maxRooms: config.limits.roomCount,
    sendPolicy: {
      perUser: rate(rates.sendsPerUser),
      perAddress: rate(rates.sendsPerAddress),
      roomsPerAddress: rate(rates.roomsPerAddress),
    },
    rateLimits: {
      connections: rate(rates.connectionsPerAddress),
      sessions: rate(rates.sessionsPerAddress),
      rooms: rate(rates.roomsPerAddress),
    },
    rateLimitTimeoutMs: rates.timeoutMs,
    onRateLimitFailure: rates.onFailure,
    onRateLimitError: (error) => {
      limitError = error;
      logLimitError();
    },
    presenceHeartbeatMs: config.presenceMs,
    sessionTtlSeconds: config.identity.sessionTtlSeconds,
    infoMs: metrics && config.metrics.redisInfoMs,
    hooks: {
      onError: (where, err) => log.error({ err, where }, 'redis failed'),
      onMalformed: (where, room) => {
        log.warn({ where, room }, 'skipped a malformed entry');
        metrics?.malformed(where);
      },
      onReconnected: (where) => metrics?.reconnected(where),
    },
  });
}

function openHub(
  config: Config,
  { eventLog, feed, presence, log, metrics }: Parts & Pick<Store, 'eventLog' | 'feed' | 'presence'>,
): Hub {
  let trouble: { room: string; err: unknown } | undefined;
  const logTrouble = throttled(LOG_AGAIN_MS, (suppressed) =>
    log.warn({ ...trouble, suppressed }, 'a room could not be read; it will be tried again'),
  );
  return new Hub({
    eventLog,
    feed,
    presence,
    logCapacity: config.logCapacity,
    frameBytes: config.frameCacheBytes,
    pageSize: Math.min(config.limits.pageSize, 100),
    ttlMs: config.messageTtlSeconds * 1_000,
    headCheckMs: config.headCheckMs,
    hooks: {
      ...(metrics && {
        onDelivered: (delayMs) => metrics.delivered(delayMs),
        onFlushed: (messages) => metrics.flushed(messages),
      }),
      onGapFilled: (room, messages) => {
        metrics?.gapFilled(messages);
        log.info({ room, messages }, 'a gap was filled from the store');
      },
      onTrouble: (room, err) => {
        metrics?.troubled();
        trouble = { room, err };
        logTrouble();
      },
    },
  });
}

function createEngine(
  { allowGuests, identity, limits, protection, rates, redisTimeoutMs, tracesEndpoint }: Config,
  parts: Parts &
    Pick<Store, 'eventLog' | 'directory' | 'sessions' | 'slowModes' | 'limiter'> & {
      hub: Hub;
      trace: Tracing['run'];
    },
): Engine {
  const { sessions, log, metrics, trace } = parts;
  // If the platform signs its users in and guests may not send, a name alone must not be enough for a session.
  const contexts = createContexts({ ...parts, allowGuests, openSessions: allowGuests || !identity.jwt });
  const formatError = createErrorFormatter(
    (err, errorId) => log.error({ err, errorId }, 'an operation failed'),
    (code) => metrics?.refused(code),
  );
  const jwt = identity.jwt && { ...identity.jwt, nameLength: limits.nameLength, timeoutMs: redisTimeoutMs };
  return {
    schema: createSchema(limits),
    contextOf: (caller, viewer) => contexts.forOperation({ viewer, ...caller }),
    verifier: createVerifier({ sessions, jwt: jwt && createJwtVerifier(jwt) }),
    addressOf: (request) => addressOf(request, rates.trustedProxies),
    subscribe: createSubscribe({
      contexts: {
        shared: contexts.shared,
        viewerKey: (context) => contexts.viewerKey(context as OperationContext),
        forViewer: (context) => contexts.forViewer(context as OperationContext),
      },
      formatError,
    }),
    formatError,
    ids: new ConnectionIds(),
    hideSuggestions: !protection.introspection,
    ...(tracesEndpoint !== undefined && {
      around: (kind, transport, run) => trace(kind, { transport }, run),
    }),
    onOperation: (operation) => {
      metrics?.operated(operation);
      if (!log.isLevelEnabled('debug')) return;
      const { name, ms, ...rest } = operation;
      log.debug({ ...rest, name: name?.slice(0, 64), ms: Math.round(ms * 10) / 10 }, 'operation');
    },
  };
}

function openTransports(
  config: Config,
  {
    engine,
    store,
    log,
    metrics,
    isShuttingDown,
  }: Parts & { engine: Engine; store: Store; isShuttingDown(): boolean },
) {
  const { protection, rates, limits, production } = config;
  const { trustedDocuments: manifest } = protection;
  const logOrigin = originLog(log);
  return createTransports({
    ...config,
    ...protection,
    engine,
    sessions: store.sessions,
    limiter: store.limiter,
    sessionCheckMs: config.identity.checkMs,
    origins: { allowed: protection.allowedOrigins, development: !production },
    connections: { connections: protection.connections, perAddress: protection.connectionsPerAddress },
    operationRate: { count: rates.operationsPerConnection, windowMs: rates.windowMs },
    documents: orConfigError(
      () =>
        new TrustedDocuments(
          manifest === undefined ? new Map() : readManifest(manifest),
          protection.requireTrustedDocuments,
        ),
    ),
    queryLimits: protection.query,
    listSizes: {
      defaultPageSize: limits.defaultPageSize,
      most: { first: limits.pageSize, last: limits.pageSize, limit: limits.roomCount },
    },
    page: {
      directory: PAGE,
      settings: {
        'content-length-limit': limits.contentLength,
        'name-length-limit': limits.nameLength,
        'room-id-length-limit': limits.roomIdLength,
      },
    },
    metrics: metrics && { metrics, token: config.metrics.token, allowLoopback: !production },
    checkStore: store.check,
    isShuttingDown,
    onRefused: (reason, request) => {
      metrics?.rejected(reason);
      if (reason === 'origin') logOrigin(request);
    },
    onFault: (err) => log.error({ err }, 'a transport failed'),
  });
}

/** Logs refused origins, at intervals: a page behind a misconfigured proxy only shows that it cannot connect. */
function originLog(log: Log): (request: IncomingMessage) => void {
  let refused: { origin: string | undefined; host: string | undefined } | undefined;
  const write = throttled(LOG_AGAIN_MS, (suppressed) =>
    log.warn(
      { ...refused, suppressed },
      'refused a page: its Origin is not the Host of the request, and not in ALLOWED_ORIGINS. If it is your own page, make the proxy pass on the Host that the browser asked for, or add the Origin to ALLOWED_ORIGINS',
    ),
  );
  return ({ headers: { origin, host } }) => {
    // Written by the client, so of any length.
    refused = { origin: origin?.slice(0, LOGGED_LENGTH), host: host?.slice(0, LOGGED_LENGTH) };
    write();
  };
}

async function warnAboutRedis(store: Store, log: Log): Promise<void> {
  try {
    const warnings = await store.warnings();
    if (warnings === undefined)
      log.error('Redis does not answer yet. The server is not ready, and keeps trying.');
    for (const warning of warnings ?? []) log.warn(warning);
  } catch (err) {
    log.warn({ err }, 'Redis could not be inspected');
  }
}

/** Reads a file that the configuration names. An error in it is an error of the configuration. */
function orConfigError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}
