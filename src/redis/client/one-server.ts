import type { Redis } from 'ioredis';
import { serviceUnavailable } from '#domain/errors.js';
import type { RedisConnections } from './connections.js';
import { orUnavailable } from './errors.js';
import { databaseOf } from './keys.js';
import { watchMode } from './mode.js';
import type { Channels, Servers } from './servers.js';

/** A single Redis, which holds every key. `close` closes its connections. */
export function oneServer(connections: RedisConnections): Servers {
  const { commands, writer, subscriber } = connections;
  const clients = [...new Set([commands, writer, subscriber])];
  const isReady = () => clients.every(({ status }) => status === 'ready');
  const mode = watchMode(commands);

  return {
    commands,
    write: (_key, work) => work(writer),
    replicaOf: () => connections.replicas?.next(''),
    channels: channelsOf(subscriber),
    isCluster: false,
    database: databaseOf(commands),
    connected: () => (commands.status === 'ready' ? [{ name: '', redis: commands }] : []),
    away: () => (isReady() ? [] : ['']),
    missing: () => (isReady() ? [] : ['redis']),
    isConnected: () => commands.status === 'ready',
    onConnected: (listener) => on(commands, 'ready', () => listener(() => true)),
    check: async () => {
      if (mode.error !== undefined) throw serviceUnavailable(mode.error.message, mode.error);
      if (connections.problem !== undefined) throw serviceUnavailable(connections.problem);
      await orUnavailable('Redis does not answer.', () =>
        Promise.all(clients.map((client) => client.ping())),
      );
    },
    ready: (withinMs) => Promise.race([connections.ready(withinMs), mode.failed]),
    close: () => connections.close(),
  };
}

/** Pub/sub over the subscriber of one server. Its commands time out, and a reconnect drops all subscriptions. */
export function channelsOf(subscriber: Redis): Channels {
  const isConnected = () => subscriber.status === 'ready';
  return {
    publishCommand: 'PUBLISH',
    isConnected,
    subscribe: async (channel) => void (await subscriber.subscribe(channel)),
    unsubscribe: async (channel) => {
      // Redis drops the subscriptions of a lost connection.
      if (isConnected()) await subscriber.unsubscribe(channel);
    },
    onMessage: (listener) => on(subscriber, 'message', listener),
    onLost: (listener) => on(subscriber, 'ready', () => listener(() => true)),
    reconnect: () => subscriber.disconnect(true),
  };
}

/** Adds a listener and returns a function that removes it. */
function on<Args extends unknown[]>(
  client: Redis,
  event: string,
  listener: (...args: Args) => void,
): () => void {
  client.on(event, listener as (...args: unknown[]) => void);
  return () => void client.off(event, listener as (...args: unknown[]) => void);
}
