import type { Redis } from 'ioredis';
import type { SlowModes } from '#domain/ports/limiter.js';
import { orUnavailable } from '#redis/client/errors.js';
import { slowModeKey } from '#redis/client/keys.js';

const NOT_SET = 'Slow mode cannot be set right now. Try again shortly.';
const NOT_READ = 'Slow mode cannot be read right now. Try again shortly.';

/**
 * Stores the slow mode of rooms. A setting expires after `ttlMs`, and each message it applies to renews it.
 */
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
