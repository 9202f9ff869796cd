import { type Section, variable } from '#config/declaration.js';
import { integer } from '#config/parsers.js';
import { DEFAULT_LIMITS, MAX_ROOM_ID_LENGTH } from '#domain/limits.js';

export const requestLimits = {
  title: 'Limits on requests',
  variables: {
    SLOW_MODE_SECONDS_LIMIT: variable({
      parser: integer(1, 86_400),
      default: DEFAULT_LIMITS.slowModeSeconds,
      description:
        "The longest wait between two messages of a user that a room's slow mode may ask for, in seconds.",
    }),
    CONTENT_LENGTH_LIMIT: variable({
      parser: integer(1, 10_000),
      default: DEFAULT_LIMITS.contentLength,
      description: 'Characters in a message.',
    }),
    NAME_LENGTH_LIMIT: variable({
      parser: integer(1, 200),
      default: DEFAULT_LIMITS.nameLength,
      description: 'Characters in a display name.',
    }),
    ROOM_ID_LENGTH_LIMIT: variable({
      parser: integer(1, MAX_ROOM_ID_LENGTH),
      default: DEFAULT_LIMITS.roomIdLength,
      description: 'Characters in the id of a room.',
    }),
    PAGE_SIZE_LIMIT: variable({
      parser: integer(1, 1_000),
      default: DEFAULT_LIMITS.pageSize,
      description: 'Messages in one page, and in `last` of messageAdded.',
    }),
    ROOM_COUNT_LIMIT: variable({
      parser: integer(1, 10_000),
      default: DEFAULT_LIMITS.roomCount,
      description: 'Rooms in one result of activeRooms.',
    }),
    MESSAGE_BYTES_LIMIT: variable({
      parser: integer(1_024, 16_777_216),
      default: 65_536,
      description: 'Bytes in one request or one WebSocket message.',
    }),
    CONNECTION_INIT_TIMEOUT_MS: variable({
      parser: integer(100, 600_000),
      default: 3_000,
      description: 'How long a client may take to send connection_init on a new WebSocket.',
    }),
  },
} satisfies Section;
