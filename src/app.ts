import { randomBytes } from 'node:crypto';
import type { Config } from './config.js';
import { Hub } from './fanout/hub.js';
import { createSubscribe } from './fanout/subscribe.js';
import { createJwtVerifier } from './identity/jwt.js';
import { createVerifier } from './identity/verifier.js';
import { createLog, type Log, throttled } from './observability/log.js';
import { Metrics } from './observability/metrics.js';
import { startTracing, type Tracing, traced } from './observability/tracing.js';
import { createContexts, type OperationContext } from './schema/context.js';
import { createSchema } from './schema/schema.js';
import { addressOf } from './transport/address.js';
import { ConnectionIds } from './transport/connection.js';
import { createErrorFormatter } from './transport/errors.js';
import type { Engine } from './transport/graphql.js';
import { createStore, LOG_AGAIN_MS } from './wiring/store.js';
import { createTransports, type Transports } from './wiring/transports.js';

/** One node of the chat. */
export interface App {
  log: Log;
  /** Accepts connections, whether Redis answers yet or not; resolves with the port. */
  listen(): Promise<number>;
  /** Completes subscriptions, lets requests end, gives up its connections in Redis. May be called twice. */
  close(): Promise<void>;
}

/** Wires a node together. Nothing is accepted before `listen`; Redis is being connected to from here on. */
export function createApp(config: Config & { redisUrl: string }): App {
  const nodeId = config.nodeId ?? randomBytes(6).toString('hex');
  const log = createLog(config.logLevel, nodeId);
  const { identity, rates } = config;

  const metrics = config.metrics.enabled
    ? new Metrics({
        connections: () => transports.connections(),
        fanout: () => ({
          ...hub.size,
          ...hub.meter.total,
          subscriptions: hub.stats.viewers,
          lagging: hub.waiting,
        }),
        redis: () => store.info(),
      })
    : undefined;
  const store = createStore(config, { nodeId, log, metrics });
  const { feed, presence, sessions, slowModes, limiter } = store;

  let tracing: Tracing | undefined;
  const trace: Tracing['run'] = async (name, attributes, work) =>
    tracing ? tracing.run(name, attributes, work) : work();
  const measured = metrics?.timed(store.repository) ?? store.repository;
  const repository = config.tracesEndpoint === undefined ? measured : traced(measured, trace);

  let trouble: { room: string; err: unknown } | undefined;
  const logTrouble = throttled(LOG_AGAIN_MS, (suppressed) =>
    log.warn({ ...trouble, suppressed }, 'a room could not be read; it is tried again'),
  );
  const hub = new Hub({
    repository,
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

  const contexts = createContexts({
    repository,
    hub,
    sessions,
    slowModes,
    limiter,
    allowGuests: config.allowGuests,
    // Where the platform signs its users in and nobody else may send, a name alone must not make a viewer.
    openSessions: config.allowGuests || identity.jwt === undefined,
  });
  const formatError = createErrorFormatter(
    (err, errorId) => log.error({ err, errorId }, 'an operation failed'),
    (code) => metrics?.refused(code),
  );
  const { nameLength } = config.limits;
  const jwt = identity.jwt && { ...identity.jwt, nameLength, timeoutMs: config.redisTimeoutMs };
  const engine: Engine = {
    schema: createSchema(config.limits),
    contextOf: ({ connectionId, address }, viewer) =>
      contexts.forOperation({ viewer, connectionId, address }),
    verifier: createVerifier({ sessions, jwt: jwt && createJwtVerifier(jwt) }),
    addressOf: (request) => addressOf(request, rates.trustedProxies),
    subscribe: createSubscribe({
      contexts: {
        shared: contexts.shared,
        viewerOf: (context) => contexts.viewerOf(context as OperationContext),
        forViewer: (context) => contexts.forViewer(context as OperationContext),
      },
      formatError,
    }),
    formatError,
    ids: new ConnectionIds(),
    hideSuggestions: !config.protection.introspection,
    ...(config.tracesEndpoint !== undefined && {
      around: (kind, transport, run) => trace(kind, { transport }, run),
    }),
    onOperation: (operation) => {
      metrics?.operated(operation);
      if (!log.isLevelEnabled('debug')) return;
      const { transport, kind, name, ms, failed } = operation;
      const rounded = Math.round(ms * 10) / 10;
      log.debug({ transport, kind, name: name?.slice(0, 64), ms: rounded, failed }, 'operation');
    },
  };

  let closing: Promise<void> | undefined;
  const isShuttingDown = () => closing !== undefined;
  const transports: Transports = createTransports({ config, engine, store, log, metrics, isShuttingDown });

  async function shutDown(): Promise<void> {
    const { requestsEnded } = await transports.close();
    await hub.close();
    await requestsEnded;
    metrics?.close();
    await tracing?.close().catch((err: unknown) => log.warn({ err }, 'the last traces could not be sent'));
    await store.close();
  }

  return {
    log,
    listen: async () => {
      if (config.tracesEndpoint !== undefined) {
        tracing = await startTracing({ endpoint: config.tracesEndpoint, nodeId });
      }
      const port = await transports.listen();
      store.start();
      hub.start();
      await store.warn().catch((err: unknown) => log.warn({ err }, 'Redis could not be looked into'));
      return port;
    },
    close: () => {
      closing ??= shutDown();
      return closing;
    },
  };
}
