import { RedisPubSub } from 'graphql-redis-subscriptions';
import { Redis } from 'ioredis';

/** graphql-redis-subscriptions over a publisher and a subscriber of its own, both connected. */
export async function connectPubSub(redisUrl: string): Promise<RedisPubSub> {
  const publisher = new Redis(redisUrl, { lazyConnect: true });
  const subscriber = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: null });
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return new RedisPubSub({ publisher, subscriber });
}
