import { connectRedis } from '../../src/redis/connections.js';
import { createFeed } from '../../src/redis/feed.js';
import { createRepository } from '../../src/redis/repository.js';
import { MemoryStore } from '../support/memory-store.js';
import { startRedis } from '../support/redis-server.js';
import { describeStore, HISTORY_LIMIT } from '../support/store-contract.js';

describeStore('in memory, as the tests of this folder use it', async () => ({
  store: new MemoryStore({ historyLimit: HISTORY_LIMIT }),
  close: async () => undefined,
}));

describeStore('Redis', async () => {
  const server = await startRedis();
  const redis = connectRedis({ url: server.url });
  await redis.ready(10_000);
  const feed = createFeed({ subscriber: redis.subscriber });
  const repository = createRepository({
    commands: redis.commands,
    historyLimit: HISTORY_LIMIT,
    ttlSeconds: 60,
  });
  return {
    store: {
      send: repository.send,
      page: repository.page,
      lastMessages: repository.lastMessages,
      open: feed.open,
    },
    close: async () => {
      await feed.close();
      await redis.close();
      await server.close();
    },
  };
});
