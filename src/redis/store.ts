/** The entry point of redis/: everything that a node keeps in Redis, over one set of connections. */
import type { RateLimit, RateLimitedAction } from '#domain/ports/limiter.js';
import { inspectRedis, pingRedis, redisWarnings } from '#redis/admin/health.js';
import { createInfoReader } from '#redis/admin/info.js';
import { createCache } from '#redis/cache/cache.js';
import { connectRedis, type RedisHooks } from '#redis/client/connections.js';
import { oneServer } from '#redis/client/one-server.js';
import type { RedisTls } from '#redis/client/tls.js';
import { createFeed } from '#redis/feed/feed.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createPresence } from '#redis/presence/presence.js';
import type { SendPolicy } from '#redis/room-log/append.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { createSessions } from '#redis/sessions/sessions.js';

/** Settings of the store. Durations are in milliseconds unless the name says otherwise. */
export interface StoreOptions {
  url: string;
  tls: RedisTls | undefined;
  /** Names this node in Redis. Must be unique among all nodes. */
  nodeId: string;
  /** How long Redis may take to answer a command. */
  timeoutMs: number;
  /** Whether a send is acknowledged by the primary alone, or only when a replica has it too. */
  durability: 'primary' | 'replicated';
  messageTtlSeconds: number;
  /** Messages that a room keeps. */
  historyLimit: number;
  /** Rooms in the longest list of active rooms. */
  maxRooms: number;
  sendPolicy: SendPolicy;
  /** Limits per address, counted over all nodes. */
  rateLimits: Readonly<Record<RateLimitedAction, RateLimit>>;
  rateLimitTimeoutMs: number;
  /** What happens to a request that could not be counted in time. */
  onRateLimitFailure: 'open' | 'closed';
  /** Called with the reason when a request could not be counted. */
  onRateLimitError(error: unknown): void;
  presenceHeartbeatMs: number;
  sessionTtlSeconds: number;
  /** How often INFO is read. Undefined if it is not needed. */
  infoMs: number | undefined;
  hooks: RedisHooks;
}

/** Creates the store and starts connecting. Redis does not have to be up yet. */
export function createStore(options: StoreOptions) {
  const { nodeId, timeoutMs, historyLimit, messageTtlSeconds, hooks } = options;
  const isReplicated = options.durability === 'replicated';
  const redis = connectRedis({
    url: options.url,
    ...(options.tls && { tls: options.tls }),
    commandTimeoutMs: timeoutMs,
    separateWriter: isReplicated,
    hooks,
  });
  const { commands, writer, subscriber } = redis;
  const servers = oneServer(redis);
  const feed = createFeed({
    channels: servers.channels,
    database: servers.database,
    decode: decodeEntry,
    hooks,
  });
  const presence = createPresence({ commands, nodeId, heartbeatMs: options.presenceHeartbeatMs, hooks });
  const cache = createCache({ commands, hooks });
  const info =
    options.infoMs === undefined ? undefined : createInfoReader({ commands, everyMs: options.infoMs });

  return {
    eventLog: createEventLog({
      commands,
      writer,
      ...(isReplicated && { replication: { replicas: 1, timeoutMs: Math.ceil(timeoutMs / 2) } }),
      sendPolicy: options.sendPolicy,
      historyLimit,
      ttlSeconds: messageTtlSeconds,
      hooks,
    }),
    directory: createDirectory({ commands, cache, maxRooms: options.maxRooms }),
    feed,
    presence,
    limiter: createRateLimiter({
      commands,
      limits: options.rateLimits,
      timeoutMs: options.rateLimitTimeoutMs,
      onFailure: options.onRateLimitFailure,
      onError: options.onRateLimitError,
    }),
    sessions: createSessions({ commands, ttlMs: options.sessionTtlSeconds * 1_000 }),
    slowModes: createSlowModes({ commands, ttlMs: messageTtlSeconds * 1_000 }),

    /** The latest INFO. Undefined if Redis did not answer, or if INFO is not read. */
    info: () => info?.latest,

    /** Resolves if every connection answers a ping. Throws SERVICE_UNAVAILABLE otherwise. */
    check: async (): Promise<void> => void (await Promise.all([commands, writer, subscriber].map(pingRedis))),

    start(): void {
      presence.start();
      info?.start();
    },

    /** Warnings about settings of Redis that can lose messages. Undefined if Redis does not answer yet. */
    async warnings(): Promise<string[] | undefined> {
      return (await redis.ready(timeoutMs)) ? redisWarnings(await inspectRedis(commands)) : undefined;
    },

    /** Removes this node's presence from Redis, then closes its connections. */
    async close(): Promise<void> {
      await presence.close();
      await feed.close();
      await info?.close();
      await cache.close();
      await redis.close();
    },
  };
}

/** What `createStore` returns. */
export type Store = ReturnType<typeof createStore>;
