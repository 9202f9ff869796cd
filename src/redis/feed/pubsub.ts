import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Redis } from 'ioredis';
import type { RedisHooks } from '#redis/client/connections.js';

/** Channels over one subscriber connection, with one subscription for each channel at a time. */
export interface PubSub<T> {
  /**
   * Resolves to the subscription's number once Redis has acknowledged it. Throws what Redis, or the way
   * to it, gives as an error; nothing is left behind then.
   */
  subscribe(channel: string, listener: (decoded: T) => void): Promise<number>;
  /** Asks Redis again for a channel that a new connection does not have. Throws as `subscribe` does. */
  renew(channel: string): Promise<void>;
  /** Nothing is told from this moment on; resolves once Redis knows it too, and never rejects. */
  unsubscribe(id: number, channel: string): Promise<void>;
  close(): void;
  /** The library's own object, for those who look after what it holds. */
  readonly engine: RedisPubSub;
}

/**
 * The strict wrapping of graphql-redis-subscriptions. The library keeps who listens to what, decodes and
 * dispatches. It does not ask Redis: a SUBSCRIBE that fails would leave entries in its maps and a
 * rejection that nobody handles, and its UNSUBSCRIBE floats. Those two are asked here, and awaited.
 *
 * `decode` must not throw: the library would deliver the raw text in place of what it gives.
 */
export function createPubSub<T>(
  subscriber: Redis,
  decode: (text: string, channel: string) => T,
  hooks: RedisHooks,
): PubSub<T> {
  // The one spot where sharded pub/sub of a Cluster would be mapped: ssubscribe, sunsubscribe, smessage,
  // and SPUBLISH in the write script.
  const ask = (channel: string) => subscriber.subscribe(channel);
  const drop = (channel: string) => subscriber.unsubscribe(channel);
  const event = 'message';

  const facade = createFacade(subscriber, event);
  const engine = new RedisPubSub({
    subscriber: facade,
    publisher: facade,
    deserializer: (source, { channel }) => decode(source.toString(), channel),
  });

  async function unsubscribe(id: number, channel: string): Promise<void> {
    engine.unsubscribe(id);
    // A connection that is away has taken its subscriptions along.
    if (subscriber.status !== 'ready') return;
    try {
      await drop(channel);
    } catch (error) {
      // A connection that was lost meanwhile has dropped the channel too; anything else is worth a word.
      if (subscriber.status === 'ready') hooks.onError?.(`unsubscribe ${channel}`, error);
    }
  }

  return {
    engine,
    unsubscribe,
    async subscribe(channel, listener) {
      const id = await engine.subscribe<T>(channel, listener);
      try {
        await ask(channel);
        return id;
      } catch (error) {
        // Redis may still carry out what was not answered in time: this comes after it.
        void unsubscribe(id, channel);
        throw error;
      }
    },
    async renew(channel) {
      await ask(channel);
    },
    close: () => facade.removeListeners(),
  };
}

/** What the library takes for its client: it passes on what Redis tells, and asks nothing of Redis. */
function createFacade(subscriber: Redis, event: 'message') {
  type Told = (channel: string, text: string) => void;
  const listeners: Told[] = [];
  const nothing = () => Promise.resolve();
  const facade = {
    on(name: string, listener: Told) {
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
  // The library asks for a whole client and uses the methods above.
  return facade as typeof facade & Redis;
}
