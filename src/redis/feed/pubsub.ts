import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Redis } from 'ioredis';
import type { RedisHooks } from '#redis/client/connections.js';

/** Channels over one subscriber connection, with at most one subscription per channel. */
export interface PubSub<T> {
  /**
   * Subscribes to a channel. Resolves to the subscription's number once Redis has acknowledged it. Throws
   * Redis and connection errors unchanged, and then leaves nothing behind.
   */
  subscribe(channel: string, listener: (decoded: T) => void): Promise<number>;
  /** Subscribes to a channel again, after a reconnect has dropped it. Throws like `subscribe`. */
  renew(channel: string): Promise<void>;
  /** Stops calling the listener at once. Resolves once Redis has acknowledged, and never rejects. */
  unsubscribe(id: number, channel: string): Promise<void>;
  close(): void;
  /** The library's own object, for tests that check its state. */
  readonly engine: RedisPubSub;
}

/**
 * A strict wrapper around graphql-redis-subscriptions. The library keeps the listeners, decodes and
 * dispatches. SUBSCRIBE and UNSUBSCRIBE are sent here instead: after a failed SUBSCRIBE the library would
 * keep stale entries and leave a rejection unhandled, and it does not wait for its UNSUBSCRIBE.
 *
 * `decode` must not throw: the library would then deliver the undecoded text.
 */
export function createPubSub<T>(
  subscriber: Redis,
  decode: (text: string, channel: string) => T,
  hooks: RedisHooks,
): PubSub<T> {
  // For the sharded pub/sub of a Cluster, change these three: ssubscribe, sunsubscribe, smessage. The write
  // script then needs SPUBLISH.
  const sendSubscribe = (channel: string) => subscriber.subscribe(channel);
  const sendUnsubscribe = (channel: string) => subscriber.unsubscribe(channel);
  const event = 'message';

  const facade = createFacade(subscriber, event);
  const engine = new RedisPubSub({
    subscriber: facade,
    publisher: facade,
    deserializer: (source, { channel }) => decode(source.toString(), channel),
  });

  async function unsubscribe(id: number, channel: string): Promise<void> {
    engine.unsubscribe(id);
    // Redis drops the subscriptions of a lost connection.
    if (subscriber.status !== 'ready') return;
    try {
      await sendUnsubscribe(channel);
    } catch (error) {
      // If the connection was lost meanwhile, Redis has dropped the channel anyway. Report anything else.
      if (subscriber.status === 'ready') hooks.onError?.(`unsubscribe ${channel}`, error);
    }
  }

  return {
    engine,
    unsubscribe,
    async subscribe(channel, listener) {
      const id = await engine.subscribe<T>(channel, listener);
      try {
        await sendSubscribe(channel);
        return id;
      } catch (error) {
        // After a timeout Redis may still execute the SUBSCRIBE. The UNSUBSCRIBE queues behind it.
        void unsubscribe(id, channel);
        throw error;
      }
    },
    async renew(channel) {
      await sendSubscribe(channel);
    },
    close: () => facade.removeListeners(),
  };
}

/** A stand-in for the library's Redis client. It forwards incoming messages and sends no commands. */
function createFacade(subscriber: Redis, event: 'message') {
  type Listener = (channel: string, text: string) => void;
  const listeners: Listener[] = [];
  const nothing = () => Promise.resolve();
  const facade = {
    on(name: string, listener: Listener) {
      if (name === 'message') {
        listeners.push(listener);
        subscriber.on(event, listener);
      }
      return facade;
    },
    subscribe: (_channel: string, done: (error: null) => void) => done(null),
    unsubscribe: nothing,
    punsubscribe: nothing,
    removeListeners() {
      for (const listener of listeners.splice(0)) subscriber.off(event, listener);
    },
  };
  // The library's type demands a whole client, but it only calls the methods above.
  return facade as typeof facade & Redis;
}
