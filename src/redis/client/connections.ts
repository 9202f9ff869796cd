import { Redis, type RedisOptions } from 'ioredis';
import { connect } from './connect.js';
import type { RedisHooks } from './hooks.js';
import { end, reportErrors, whenReady } from './lifecycle.js';
import type { RedisMode } from './mode.js';
import { Replicas } from './replicas.js';
import { followPrimary } from './sentinel/primary.js';
import { type SentinelSettings, serverLogin } from './sentinel/settings.js';
import type { RedisTls } from './tls.js';

/** How to reach Redis: by `url` or by `sentinel`, one of which must be given. */
export interface ConnectOptions {
  /** `redis://` or `rediss://`, with user, password and database if needed. */
  url?: string | undefined;
  /** The Sentinels that know the address of the primary. */
  sentinel?: SentinelSettings | undefined;
  /** Certificates for TLS to Redis. Without them, Node's default authorities are trusted. */
  tls?: RedisTls | undefined;
  /** Milliseconds after which an unanswered command fails. */
  commandTimeoutMs?: number;
  /** Milliseconds between pings on the subscriber, which may otherwise stay silent for hours. */
  subscriberPingMs?: number;
  /** Whether writes use their own connection, so that waiting for replicas does not block other commands. */
  separateWriter?: boolean;
  /** What the server is expected to be. Defaults to `single`. */
  mode?: RedisMode;
  /** Whether to connect to the replicas as well, to read from them. Needs Sentinels or a Cluster, which name them. */
  replicaReads?: boolean;
  hooks?: RedisHooks;
}

/** A node's connections. They reconnect automatically until closed. */
export interface RedisConnections {
  /** Everything except subscriptions. Commands fail at once while it is disconnected. */
  commands: Redis;
  /** The connection for sends: either `commands` or a separate one. */
  writer: Redis;
  /** Subscriptions only. A reconnect drops them all, and the feed subscribes again. */
  subscriber: Redis;
  /** The replicas that the Sentinels name, in the group ''. Undefined if they are not to be read. */
  readonly replicas: Replicas | undefined;
  /** Why the address of Redis is not known. Undefined if it is. */
  readonly problem: string | undefined;
  /** Resolves to true once all are connected, or to false after `withinMs`. */
  ready(withinMs: number): Promise<boolean>;
  /** Closes all of them within the command timeout, even if Redis does not respond. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts connecting and returns at once. It neither throws nor waits if Redis is down. */
export function connectRedis(options: ConnectOptions): RedisConnections {
  const { url, sentinel, mode, commandTimeoutMs = 2_000, subscriberPingMs = 5_000, hooks = {} } = options;
  const shared = clientOptions(options);
  const replicas =
    sentinel && options.replicaReads
      ? new Replicas({
          open: (address) => connect(new Redis({ ...replicaOptions(options), ...address })),
          closeWithinMs: commandTimeoutMs,
          hooks,
        })
      : undefined;
  const primary =
    sentinel &&
    followPrimary({
      ...sentinel,
      timeoutMs: commandTimeoutMs,
      onProblem: (address, problem) => hooks.onError?.(`sentinel ${address}`, problem),
      ...(replicas && { onReplicas: (addresses) => replicas.adopt(new Map([['', addresses]])) }),
    });
  const open = (own: RedisOptions = {}) => {
    const all = { ...shared, ...own };
    return connect(url === undefined ? new Redis(all) : new Redis(url, all), mode, primary);
  };
  const commands = open({ enableAutoPipelining: true });
  const writer = options.separateWriter ? open({ enableAutoPipelining: true }) : commands;
  const subscriber = open();
  const clients = [...new Set([commands, writer, subscriber])];
  reportErrors('commands', commands, hooks);
  if (writer !== commands) reportErrors('writer', writer, hooks);
  reportErrors('subscriber', subscriber, hooks);
  const stopPinging = keepPinging(subscriber, subscriberPingMs);

  let closing: Promise<void> | undefined;
  return {
    commands,
    writer,
    subscriber,
    replicas,
    get problem() {
      return primary?.problem;
    },
    ready: async (withinMs) => {
      const signal = AbortSignal.timeout(withinMs);
      return (await Promise.all(clients.map((client) => whenReady(client, signal)))).every(Boolean);
    },
    close: () => {
      closing ??= (async () => {
        stopPinging();
        const ended = clients.map((client) => end(client, commandTimeoutMs));
        // After the clients began to end, so that those that still wait for an address report nothing.
        primary?.close();
        await Promise.all([...ended, replicas?.close()]);
      })();
      return closing;
    },
  };
}

/** How each connection behaves. Throws nothing. */
function clientOptions({ tls, sentinel, commandTimeoutMs = 2_000 }: ConnectOptions): RedisOptions {
  return {
    ...(tls && { tls }),
    ...(sentinel && serverLogin(sentinel)),
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    disconnectTimeout: Math.min(commandTimeoutMs, 500),
    // If a reply is due and nothing arrives, the connection is dead. Drop it and reconnect.
    socketTimeout: commandTimeoutMs,
    // Commands that cannot be sent now fail now. An offline queue could run a send after its sender saw it
    // fail, and resending could run it twice.
    enableOfflineQueue: false,
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    // When the connection closes, commands that wait for a reply fail at once.
    maxRetriesPerRequest: 0,
    // The feed resubscribes itself: it has to notify its listeners and see refusals.
    autoResubscribe: false,
    maxLoadingRetryTime: 1_000,
    retryStrategy: (times) => retryDelay(times, sentinel ? SENTINEL_RETRY_MS : RETRY_MS),
    // This primary has become a replica. Reconnect, because the address may now lead to the new primary.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

/** How a connection to a replica behaves, which is for reads only. */
export function replicaOptions(options: ConnectOptions): RedisOptions {
  return { ...clientOptions(options), enableAutoPipelining: true, reconnectOnError: null };
}

/** The longest time between two attempts to connect, in milliseconds. */
const RETRY_MS = 1_000;

/** The same if Sentinels name the address: it can change at any time, and an attempt must not come late then. */
const SENTINEL_RETRY_MS = 200;

/** Milliseconds before reconnection attempt `times`: short, with jitter so that nodes do not return in step. */
function retryDelay(times: number, most: number): number {
  const longest = Math.min(25 * 2 ** Math.min(times, 6), most);
  return Math.round(longest * (0.5 + Math.random() / 2));
}

/**
 * Pings the subscriber at intervals and returns a function that stops it. A
 * subscriber only listens, so a connection that died silently looks like a quiet
 * room. If a ping goes unanswered, the socket timeout drops the connection.
 */
function keepPinging(subscriber: Redis, everyMs: number): () => void {
  const timer = setInterval(() => {
    if (subscriber.status !== 'ready') return;
    // The connection's own events report a failure too, and it reconnects.
    subscriber.ping().catch(() => undefined);
  }, everyMs);
  return () => clearInterval(timer);
}
