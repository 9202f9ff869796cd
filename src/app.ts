/** Assembles a node of the chat: config → store → hub → engine → transports. */
import { randomBytes } from 'node:crypto';
import { type Config, ConfigError, orConfigError } from '#config/config.js';
import type { EventLog } from '#domain/ports/event-log.js';
import type { Machine } from '#domain/ports/machine.js';
import { Hub } from '#fanout/hub.js';
import { RedisModeError } from '#redis/client/errors.js';
import { locationOf } from '#redis/location.js';
import { createStore, type Store } from '#redis/store.js';
import { createLog, type Log, throttled } from '#telemetry/log.js';
import { LogDestination, openStandardOutput } from '#telemetry/log-destination.js';
import { Metrics } from '#telemetry/metrics.js';
import { observer } from '#telemetry/store-decorators.js';
import { startTracing, type Tracing } from '#telemetry/tracing.js';
import { createEngine } from './engine.js';
import { openTransports } from './transports.js';

/** How often an ongoing outage is logged again, in milliseconds. */
const LOG_AGAIN_MS = 10_000;

/** One node of the chat. */
export interface App {
  log: Log;
  /** Starts accepting connections, even if Redis does not answer yet. Resolves with the port. */
  listen(): Promise<number>;
  /** Completes subscriptions, waits for open requests and disconnects from Redis. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Creates a node. `redisUrl`, `redisCluster` or `redisSentinel` must be set. It starts connecting to Redis, but accepts no
 * connections before `listen`. `machine` are the other processes on the same port, if there are any.
 */
export function createApp(config: Config, machine?: Machine): App {
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
  if (metrics) machine?.offerMetrics(() => metrics.text());
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
    machine,
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

function openStore(config: Config, { nodeId, log, metrics }: Parts & { nodeId: string }) {
  const { rates } = config;
  const rate = (count: number) => ({ count, windowMs: rates.windowMs });
  const logLimitError = throttled(LOG_AGAIN_MS, (suppressed, err: unknown) =>
    log.warn({ err, suppressed, failure: rates.onFailure }, 'a limit could not be counted'),
  );
  return createStore({
    redis: orConfigError(() => locationOf(config)),
    nodeId,
    timeoutMs: config.redisTimeoutMs,
    durability: config.durability,
    historyReads: config.historyReads,
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
    onRateLimitError: logLimitError,
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
      onHistoryRead: (from) => metrics?.historyRead(from),
    },
  });
}

function openHub(
  config: Config,
  {
    eventLog,
    feed,
    presence,
    log,
    metrics,
  }: Parts & Pick<Store, 'feed' | 'presence'> & { eventLog: EventLog },
): Hub {
  const logTrouble = throttled(LOG_AGAIN_MS, (suppressed, trouble: { room: string; err: unknown }) =>
    log.warn({ ...trouble, suppressed }, 'a room could not be read and will be retried'),
  );
  return new Hub({
    eventLog,
    feed,
    presence,
    logCapacity: config.logCapacity,
    frameBytes: config.frameCacheBytes,
    selections: config.protection.selections,
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
        logTrouble({ room, err });
      },
    },
  });
}

async function warnAboutRedis(store: Store, log: Log): Promise<void> {
  try {
    const warnings = await store.warnings();
    if (warnings === undefined)
      log.error('Redis does not answer yet. The server is not ready and keeps trying.');
    for (const warning of warnings ?? []) log.warn(warning);
  } catch (err) {
    if (err instanceof RedisModeError) throw new ConfigError(err.message);
    log.warn({ err }, 'Redis could not be inspected');
  }
}
