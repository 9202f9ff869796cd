import type { Config } from '../config.js';
import type { Log } from '../observability/log.js';
import { throttled } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { connectRedis } from '../redis/connections.js';
import { createFeed } from '../redis/feed.js';
import { inspectRedis, pingRedis, redisWarnings } from '../redis/health.js';
import { createInfoReader } from '../redis/info.js';
import { createPresence } from '../redis/presence.js';
import { createRateLimiter } from '../redis/rate-limiter.js';
import { createRepository } from '../redis/repository.js';
import { createSessions } from '../redis/sessions.js';
import { createSlowModes } from '../redis/slow-modes.js';
import { readTlsFiles } from '../redis/tls.js';
import { orConfigError } from './config-fault.js';

/** How often an outage that lasts is said again, in milliseconds. */
export const LOG_AGAIN_MS = 10_000;

/** All that a node has in Redis. It connects from here on, and needs no Redis to be there yet. */
export function createStore(
  config: Config & { redisUrl: string },
  { nodeId, log, metrics }: { nodeId: string; log: Log; metrics: Metrics | undefined },
) {
  const { rates, historyLimit, messageTtlSeconds } = config;
  const ttlMs = messageTtlSeconds * 1_000;
  const rate = (count: number) => ({ count, windowMs: rates.windowMs });
  const hooks = {
    onError: (where: string, error: unknown) => log.error({ err: error, where }, 'redis failed'),
    onMalformed: (where: 'list' | 'channel', room: string) => {
      log.warn({ where, room }, 'stepped over a malformed message');
      metrics?.malformed(where);
    },
    onReconnected: (where: string) => metrics?.reconnected(where),
  };
  const redis = connectRedis({
    url: config.redisUrl,
    tls: orConfigError(() => readTlsFiles(config.redisTls)),
    commandTimeoutMs: config.redisTimeoutMs,
    separateWriter: config.durability === 'replicated',
    hooks,
  });
  const { commands, writer, subscriber } = redis;
  const repository = createRepository({
    commands,
    writer,
    ...(config.durability === 'replicated' && {
      replication: { replicas: 1, timeoutMs: Math.ceil(config.redisTimeoutMs / 2) },
    }),
    sendPolicy: { perUser: rate(rates.sendsPerUser), perAddress: rate(rates.sendsPerAddress) },
    historyLimit,
    ttlSeconds: messageTtlSeconds,
    hooks,
  });
  const feed = createFeed({ subscriber, hooks });
  const presence = createPresence({ commands, nodeId, heartbeatMs: config.presenceMs, hooks });
  const info = createInfoReader({ commands, everyMs: config.metrics.redisInfoMs });

  let limitTrouble: unknown;
  const logLimitTrouble = throttled(LOG_AGAIN_MS, (suppressed) =>
    log.warn({ err: limitTrouble, suppressed, failure: rates.onFailure }, 'a limit could not be counted'),
  );
  const limiter = createRateLimiter({
    commands,
    limits: {
      connections: rate(rates.connectionsPerAddress),
      sessions: rate(rates.sessionsPerAddress),
    },
    timeoutMs: rates.timeoutMs,
    onFailure: rates.onFailure,
    onError: (error) => {
      limitTrouble = error;
      logLimitTrouble();
    },
  });

  return {
    repository,
    feed,
    presence,
    limiter,
    sessions: createSessions({ commands, ttlMs: config.identity.sessionTtlSeconds * 1_000 }),
    slowModes: createSlowModes({ commands, ttlMs }),
    /** How Redis said that it is, when it was last asked. */
    info: () => info.latest,

    /** Resolves where all connections answer: without one nothing is sent or read, without another nobody subscribes. */
    check: async (): Promise<void> => void (await Promise.all([commands, writer, subscriber].map(pingRedis))),

    start(): void {
      presence.start();
      if (metrics) info.start();
    },

    /** Warns, once Redis answers, where it is set up so that messages may be lost. */
    async warn(): Promise<void> {
      if (!(await redis.ready(config.redisTimeoutMs))) {
        log.error('Redis does not answer yet: the server is not ready, and goes on trying.');
        return;
      }
      for (const warning of redisWarnings(await inspectRedis(commands))) log.warn(warning);
    },

    /** Gives up what this node holds in Redis, then its connections to it. */
    async close(): Promise<void> {
      await presence.close();
      await feed.close();
      await info.close();
      await redis.close();
    },
  };
}

/** What `createStore` gives. */
export type Store = ReturnType<typeof createStore>;
