import { type AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { RedisTls } from './tls.js';

/** What this side tells of itself: it logs and counts nothing. None of these may throw. */
export interface RedisHooks {
  /** Something failed that no caller hears of: `where` names the work, `error` is as Redis gave it. */
  onError?(where: string, error: unknown): void;
  /** A connection is there again after it was lost. */
  onReconnected?(where: string): void;
  /** An entry that is not a message of ours was stepped over: in the list, or on the channel. */
  onMalformed?(where: 'list' | 'channel', roomId: string): void;
}

/** How Redis is reached. */
export interface ConnectOptions {
  /** `redis://` or `rediss://`, with user, password and database where they are needed. */
  url: string;
  /** Whom to trust and who to be, where the URL is `rediss://`; what Node trusts where not given. */
  tls?: RedisTls | undefined;
  /** Milliseconds after which a command that has no answer fails. */
  commandTimeoutMs?: number;
  /** Milliseconds between two looks at whether the subscriber's connection, silent by nature, is alive. */
  subscriberPingMs?: number;
  /** Whether writes get a connection of their own: one that waits for replicas must hold up nothing else. */
  separateWriter?: boolean;
  hooks?: RedisHooks;
}

/** The connections of a node. They come back by themselves for as long as they are not closed. */
export interface RedisConnections {
  /** Everything but subscriptions. What is asked while it is away fails at once. */
  commands: Redis;
  /** What sends are written over: `commands` itself, or a connection of its own. */
  writer: Redis;
  /** Subscriptions alone. After a reconnect it holds none: the feed takes them up again. */
  subscriber: Redis;
  /** Resolves to true once all are connected, or to false after `withinMs` without that. */
  ready(withinMs: number): Promise<boolean>;
  /** Ends them all; resolves within the command timeout whatever the state of Redis. */
  close(): Promise<void>;
}

/** Starts to connect and returns at once: it neither throws nor waits where Redis is away. */
export function connectRedis(options: ConnectOptions): RedisConnections {
  const { url, commandTimeoutMs = 2_000, subscriberPingMs = 5_000, hooks = {} } = options;
  const shared: RedisOptions = {
    ...(options.tls && { tls: options.tls }),
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs,
    disconnectTimeout: Math.min(commandTimeoutMs, 500),
    // A connection on which an answer is due and nothing comes is dead: it is dropped and made anew.
    socketTimeout: commandTimeoutMs,
    // What cannot be sent now fails now. A queue would execute a send after its sender was told that it
    // failed, and a resend would execute one twice.
    enableOfflineQueue: false,
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    // Where the connection closes, what waits for an answer on it fails at that moment.
    maxRetriesPerRequest: 0,
    // The feed subscribes anew itself, so that it can tell its listeners, and hear of a refusal.
    autoResubscribe: false,
    maxLoadingRetryTime: 1_000,
    retryStrategy,
    // A master that has become a replica: connect anew, to whatever the address leads to now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
  const commands = connected(new Redis(url, { ...shared, enableAutoPipelining: true }));
  const writer = options.separateWriter
    ? connected(new Redis(url, { ...shared, enableAutoPipelining: true }))
    : commands;
  const subscriber = connected(new Redis(url, shared));
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
    ready: async (withinMs) => {
      const signal = AbortSignal.timeout(withinMs);
      return (await Promise.all(clients.map((client) => isReady(client, signal)))).every(Boolean);
    },
    close: () => {
      closing ??= (async () => {
        stopPinging();
        await Promise.all(clients.map((client) => end(client, commandTimeoutMs)));
      })();
      return closing;
    },
  };
}

/**
 * Starts to connect. A socket's second error, such as a TLS alert that comes after the handshake has failed,
 * finds no listener of ioredis any more, and would end the process: it gets one that stays.
 */
function connected(client: Redis): Redis {
  const { connector } = client as unknown as { connector: Pick<AbstractConnector, 'connect'> };
  const connect = connector.connect.bind(connector);
  connector.connect = async (onError) => {
    const stream = await connect(onError);
    stream.on('error', () => undefined);
    return stream;
  };
  // That it failed is told by the client's own events, and tried again.
  client.connect().catch(() => undefined);
  return client;
}

/** Milliseconds before attempt `times` to reconnect: soon, and spread, so that nodes do not come at once. */
function retryStrategy(times: number): number {
  const longest = Math.min(25 * 2 ** Math.min(times, 6), 1_000);
  return Math.round(longest * (0.5 + Math.random() / 2));
}

/** Tells of an outage once, not at each attempt to reconnect; a listener keeps errors from being thrown. */
function reportErrors(where: string, client: Redis, hooks: RedisHooks): void {
  let last: string | undefined;
  client.on('error', (error: Error & { code?: string }) => {
    const text = error.code ?? error.message;
    if (text !== last) hooks.onError?.(where, error);
    last = text;
  });
  let wasReady = false;
  client.on('ready', () => {
    last = undefined;
    if (wasReady) hooks.onReconnected?.(where);
    wasReady = true;
  });
}

/**
 * A subscriber waits for what others say, so a connection that died without a word looks like a quiet
 * room. A question at intervals makes the socket timeout apply.
 */
function keepPinging(subscriber: Redis, everyMs: number): () => void {
  const timer = setInterval(() => {
    if (subscriber.status !== 'ready') return;
    // A failure says only what the connection's own events say too: it is dropped, and comes back.
    subscriber.ping().catch(() => undefined);
  }, everyMs);
  return () => clearInterval(timer);
}

function isReady(client: Redis, signal: AbortSignal): Promise<boolean> {
  if (client.status === 'ready') return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = () => {
      client.off('ready', settle);
      signal.removeEventListener('abort', settle);
      resolve(client.status === 'ready');
    };
    client.on('ready', settle);
    signal.addEventListener('abort', settle);
  });
}

/** Disconnects after what was asked has been answered, or has failed. */
async function end(client: Redis, withinMs: number): Promise<void> {
  if (client.status === 'ready') {
    // A QUIT without an answer is no matter: the connection is cut below.
    await client.quit().catch(() => undefined);
  }
  // While a client waits to reconnect there is no connection whose end could be awaited.
  const hasSocket = client.status !== 'reconnecting' && client.status !== 'end';
  const ended = hasSocket ? endOf(client, withinMs) : undefined;
  client.disconnect();
  await ended;
}

function endOf(client: Redis, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      client.off('end', settle);
      resolve();
    };
    const timer = setTimeout(settle, withinMs);
    client.on('end', settle);
  });
}
