import { messagesKey } from '#redis/client/keys.js';
import { createFeed } from '#redis/feed/feed.js';
import { decodeEntry } from '#redis/room-log/codec.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { appendAsBefore, appendOpaque } from '#test/support/raw-log.js';
import { describeStore, HISTORY_LIMIT } from '#test/support/store-contract.js';
import { until } from '#test/support/until.js';
import { startClusterFixture } from './fixture.js';

const TTL_MS = 60_000;

describeStore('Redis Cluster', async () => {
  const fixture = await startClusterFixture();
  const servers = await fixture.connect();
  const feed = fixture.use(createFeed({ channels: servers.channels, decode: decodeEntry }));
  const eventLog = fixture.use(
    createEventLog({ servers, historyLimit: HISTORY_LIMIT, ttlSeconds: TTL_MS / 1_000 }),
  );
  const retention = { historyLimit: HISTORY_LIMIT, ttlMs: TTL_MS };
  return {
    store: { ...eventLog, open: feed.open },
    growOld: async (roomId) => {
      const owner = await fixture.ownerOf(roomId);
      const millisecond = async () => {
        const [seconds, microseconds] = await owner.time();
        return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
      };
      await owner.del(messagesKey(roomId));
      // An older version would reuse an id within the same millisecond.
      const deletedAt = await millisecond();
      await until(async () => (await millisecond()) > deletedAt, {
        what: 'the next millisecond',
        interval: 0,
      });
    },
    lose: () => fixture.flush(),
    appendAsBefore: async (roomId) => appendAsBefore(await fixture.ownerOf(roomId), roomId, retention),
    appendOpaque: async (roomId) =>
      appendOpaque(await fixture.ownerOf(roomId), roomId, { publishCommand: 'spublish' }),
    close: () => fixture.close(),
  };
});
