/** The entry point of redis/: everything that a node keeps in Redis, over one set of connections. */
import type { RateLimit, RateLimitedAction, SendLimits } from '#domain/ports/limiter.js';
import { warningsOf } from '#redis/admin/health.js';
import { createInfoReader, type RedisInfos } from '#redis/admin/info.js';
import { createCache } from '#redis/cache/cache.js';
import type { RedisHooks } from '#redis/client/hooks.js';
import { createFeed } from '#redis/feed/feed.js';
import { createRateLimiter } from '#redis/limits/rate-limiter.js';
import { createSlowModes } from '#redis/limits/slow-modes.js';
import { createDirectory } from '#redis/presence/directory.js';
import { createPresence } from '#redis/presence/presence.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { createSessions } from '#redis/sessions/sessions.js';
import type { Location } from './location.js';
import { openServers } from './servers.js';

/** Settings of the store. Durations are in milliseconds unless the name says otherwise. */
export interface StoreOptions {
  /** Where Redis is. */
  redis: Location;
  /** Names this node in Redis. Must be unique among all nodes. */
  nodeId: string;
  /** How long Redis may take to answer a command. */
  timeoutMs: number;
  /** Whether a send is acknowledged by the primary alone, or only when a replica has it too. */
  durability: 'primary' | 'replicated';
  /** Whether replicas serve pages of history. */
  historyReads: 'primary' | 'replicas';
  messageTtlSeconds: number;
  /** Messages that a room keeps. */
  historyLimit: number;
  /** Rooms in the longest list of active rooms. */
  maxRooms: number;
  sendPolicy: SendLimits;
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
  const replicaReads = options.historyReads === 'replicas';
  const servers = openServers({
    ...options.redis,
    commandTimeoutMs: timeoutMs,
    separateWriter: isReplicated,
    replicaReads,
    hooks,
  });
  const { commands } = servers;
  const ttlMs = messageTtlSeconds * 1_000;
  const feed = createFeed({
    channels: servers.channels,
    database: servers.database,
    decode: decodeEntry,
    hooks,
  });
  const presence = createPresence({ servers, nodeId, heartbeatMs: options.presenceHeartbeatMs, hooks });
  const cache = createCache({ servers, hooks });
  const info =
    options.infoMs === undefined ? undefined : createInfoReader({ servers, everyMs: options.infoMs });

  const eventLog = createEventLog({
    servers,
    ...(isReplicated && { replication: { replicas: 1, timeoutMs: Math.ceil(timeoutMs / 2) } }),
    sendPolicy: options.sendPolicy,
    historyLimit,
    ttlSeconds: messageTtlSeconds,
    replicaReads,
    hooks,
  });

  return {
    eventLog,
    directory: createDirectory({ servers, cache, maxRooms: options.maxRooms }),
    feed,
    presence,
    limiter: createRateLimiter({
      servers,
      limits: options.rateLimits,
      timeoutMs: options.rateLimitTimeoutMs,
      onFailure: options.onRateLimitFailure,
      onError: options.onRateLimitError,
    }),
    sessions: createSessions({ commands, ttlMs: options.sessionTtlSeconds * 1_000 }),
    slowModes: createSlowModes({ commands, ttlMs }),

    /** The latest INFO of each server. Empty if INFO is not read. */
    info: (): RedisInfos => info?.latest ?? new Map(),

    /** Resolves to the names of what is missing if Redis can serve. Throws SERVICE_UNAVAILABLE with the reason otherwise. */
    async check(): Promise<readonly string[]> {
      await servers.check();
      return servers.missing();
    },

    start(): void {
      presence.start();
      info?.start();
    },

    /**
     * Warnings about settings of Redis that can lose messages. Undefined if a server does not answer yet. Throws a
     * RedisModeError if it is of another kind than the settings say.
     */
    async warnings(): Promise<string[] | undefined> {
      return (await servers.ready(timeoutMs)) ? warningsOf(servers) : undefined;
    },

    /** Removes this node's presence from Redis, then closes its connections. */
    async close(): Promise<void> {
      await presence.close();
      await feed.close();
      await eventLog.close();
      await info?.close();
      await cache.close();
      await servers.close();
    },
  };
}

/** What `createStore` returns. */
export type Store = ReturnType<typeof createStore>;
