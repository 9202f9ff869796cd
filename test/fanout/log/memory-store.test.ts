import { connectRedis } from '#redis/client/connections.js';
import { createFeed } from '#redis/feed/feed.js';
import { decodeMessage } from '#redis/room-log/codec.js';
import { createRepository } from '#redis/room-log/event-log.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { startRedis } from '#test/support/redis-server.js';
import { describeStore, HISTORY_LIMIT } from '#test/support/store-contract.js';

describeStore('in memory, as the tests of this folder use it', async () => ({
  store: new MemoryStore({ historyLimit: HISTORY_LIMIT }),
  close: async () => undefined,
}));

describeStore('Redis', async () => {
  const server = await startRedis();
  const redis = connectRedis({ url: server.url });
  await redis.ready(10_000);
  const feed = createFeed({ decode: decodeMessage, subscriber: redis.subscriber });
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
