import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';

/** Creates a graphql-redis-subscriptions instance. Resolves when its two Redis connections are open. */
export async function connectPubSub(redisUrl: string): Promise<RedisPubSub> {
  const publisher = new Redis(redisUrl, { lazyConnect: true });
  const subscriber = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: null });
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return new RedisPubSub({ publisher, subscriber });
}
