import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Redis } from 'ioredis';
import type { RedisHooks } from '#redis/client/hooks.js';
import type { Channels } from '#redis/client/servers.js';

/** Channels with listeners, at most one subscription per channel. */
export interface PubSub<T> {
  /**
   * Subscribes to a channel. Resolves to the subscription's number once Redis has acknowledged it. Throws
   * Redis and connection errors unchanged, and then leaves nothing behind.
   */
  subscribe(channel: string, listener: (decoded: T) => void): Promise<number>;
  /** Subscribes to a channel again, after its subscription was lost. Throws like `subscribe`. */
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
  channels: Channels,
  decode: (text: string, channel: string) => T,
  hooks: RedisHooks,
): PubSub<T> {
  const facade = createFacade(channels);
  const engine = new RedisPubSub({
    subscriber: facade,
    publisher: facade,
    deserializer: (source, { channel }) => decode(source.toString(), channel),
  });

  async function unsubscribe(id: number, channel: string): Promise<void> {
    engine.unsubscribe(id);
    try {
      await channels.unsubscribe(channel);
    } catch (error) {
      // If the connection was lost meanwhile, Redis has dropped the channel anyway. Report anything else.
      if (channels.isConnected(channel)) hooks.onError?.(`unsubscribe ${channel}`, error);
    }
  }

  return {
    engine,
    unsubscribe,
    async subscribe(channel, listener) {
      const id = await engine.subscribe<T>(channel, listener);
      try {
        await channels.subscribe(channel);
        return id;
      } catch (error) {
        // After a timeout Redis may still execute the SUBSCRIBE. The UNSUBSCRIBE queues behind it.
        void unsubscribe(id, channel);
        throw error;
      }
    },
    renew: (channel) => channels.subscribe(channel),
    close: () => facade.removeListeners(),
  };
}

/** A stand-in for the library's Redis client. It forwards incoming messages and sends no commands. */
function createFacade(channels: Channels) {
  type Listener = (channel: string, text: string) => void;
  const stops: (() => void)[] = [];
  const nothing = () => Promise.resolve();
  const facade = {
    on(name: string, listener: Listener) {
      if (name === 'message') stops.push(channels.onMessage(listener));
      return facade;
    },
    subscribe: (_channel: string, done: (error: null) => void) => done(null),
    unsubscribe: nothing,
    punsubscribe: nothing,
    removeListeners() {
      for (const stop of stops.splice(0)) stop();
    },
  };
  // The library's type demands a whole client, but it only calls the methods above.
  return facade as typeof facade & Redis;
}
