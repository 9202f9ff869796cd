import type { Redis } from 'ioredis';
import type { SlowModes } from '#domain/ports/limiter.js';
import { orUnavailable } from '#redis/client/errors.js';
import { slowModeKey } from '#redis/client/keys.js';

const NOT_SET = 'The slow mode cannot be set at the moment. Please try again.';
const NOT_READ = 'The slow mode cannot be read at the moment. Please try again.';

/** The slow mode of each room: a number of seconds, which goes with the room's messages. */
export function createSlowModes({ commands, ttlMs }: { commands: Redis; ttlMs: number }): SlowModes {
  return {
    set: (roomId, seconds) =>
      orUnavailable(NOT_SET, async () => {
        const key = slowModeKey(roomId);
        if (seconds === 0) await commands.del(key);
        else await commands.set(key, seconds, 'PX', ttlMs);
      }),

    of: (roomIds) =>
      orUnavailable(NOT_READ, async () => {
        const found = await Promise.all(roomIds.map((roomId) => commands.get(slowModeKey(roomId))));
        return found.map((seconds) => Number(seconds ?? 0));
      }),
  };
}
