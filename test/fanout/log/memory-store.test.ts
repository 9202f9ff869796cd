import { connectRedis } from '#redis/client/connections.js';
import { messagesKey } from '#redis/client/keys.js';
import { channelsOf, oneServer } from '#redis/client/one-server.js';
import { createFeed } from '#redis/feed/feed.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { appendAsBefore, appendOpaque } from '#test/support/raw-log.js';
import { startRedis } from '#test/support/redis-server.js';
import { describeStore, HISTORY_LIMIT } from '#test/support/store-contract.js';
import { until } from '#test/support/until.js';

const TTL_MS = 60_000;

describeStore('MemoryStore', async () => {
  let ahead = 0;
  const store = new MemoryStore({
    historyLimit: HISTORY_LIMIT,
    ttlMs: TTL_MS,
    now: () => Date.now() + ahead,
  });
  return {
    store,
    growOld: async () => {
      ahead += TTL_MS + 1;
    },
    lose: async () => store.flush(),
    appendAsBefore: async (roomId) => store.putAsBefore(roomId),
    appendOpaque: async (roomId) => store.putOpaque(roomId),
    close: async () => undefined,
  };
});

describeStore('Redis', async () => {
  const server = await startRedis();
  const redis = connectRedis({ url: server.testerUrl });
  await redis.ready(10_000);
  const { commands } = redis;
  const feed = createFeed({ channels: channelsOf(redis.subscriber), decode: decodeEntry });
  const millisecond = async () => {
    const [seconds, microseconds] = await commands.time();
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  };
  const retention = { historyLimit: HISTORY_LIMIT, ttlMs: TTL_MS };
  const eventLog = createEventLog({
    servers: oneServer(redis),
    historyLimit: HISTORY_LIMIT,
    ttlSeconds: TTL_MS / 1_000,
  });
  return {
    store: { ...eventLog, open: feed.open },
    // Redis expires the list with its newest entry, but keeps the hash.
    growOld: async (roomId) => {
      await commands.del(messagesKey(roomId));
      // An older version would reuse an id within the same millisecond.
      const deletedAt = await millisecond();
      await until(async () => (await millisecond()) > deletedAt, {
        what: 'the next millisecond',
        interval: 0,
      });
    },
    lose: async () => void (await commands.flushall()),
    appendAsBefore: (roomId) => appendAsBefore(commands, roomId, retention),
    appendOpaque: (roomId) => appendOpaque(commands, roomId),
    close: async () => {
      await feed.close();
      await redis.close();
      await server.close();
    },
  };
});
