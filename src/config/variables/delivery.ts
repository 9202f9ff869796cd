import { type Section, variable } from '#config/declaration.js';
import { integer } from '#config/parsers.js';

export const delivery = {
  title: 'Delivery and presence',
  variables: {
    ROOM_LOG_CAPACITY: variable({
      parser: integer(1, 100_000),
      default: 512,
      description:
        'Messages of each open room to hold in memory. Never fewer than PAGE_SIZE_LIMIT or more than HISTORY_LIMIT. Clients that missed more are served from Redis.',
    }),
    FRAME_CACHE_BYTES: variable({
      parser: integer(1_048_576, 17_179_869_184),
      default: 134_217_728,
      description:
        'Memory for rendered messages, over all rooms and workers, beyond 64 KB for each distinct selection. Messages that were evicted are rendered again when they are needed.',
    }),
    HEARTBEAT_MS: variable({
      parser: integer(100, 600_000),
      default: 15_000,
      description: 'How often to ping a connection. It is closed if it has not answered by the next ping.',
    }),
    HEAD_CHECK_MS: variable({
      parser: integer(100, 600_000),
      default: 3_000,
      description:
        'How often to compare the newest message of each open room with Redis, to find missed messages.',
    }),
    PRESENCE_HEARTBEAT_MS: variable({
      parser: integer(100, 600_000),
      default: 5_000,
      description:
        'How often this server renews its heartbeat in Redis. After three missed heartbeats, another server removes its connections.',
    }),
  },
} satisfies Section;
