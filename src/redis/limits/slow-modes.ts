import type { SlowModes } from '#domain/ports/limiter.js';
import type { Commands } from '#redis/client/commands.js';
import { eachOrUnavailable, orUnavailable, unlessAllAway } from '#redis/client/errors.js';
import { slowModeKey } from '#redis/client/keys.js';

const NOT_SET = 'Slow mode cannot be set right now. Try again shortly.';
const NOT_READ = 'Slow mode cannot be read right now. Try again shortly.';

/**
 * Stores the slow mode of rooms. A setting expires after `ttlMs`, and each message it applies to renews it.
 */
export function createSlowModes({ commands, ttlMs }: { commands: Commands; ttlMs: number }): SlowModes {
  return {
    set: (roomId, seconds) =>
      orUnavailable(NOT_SET, async () => {
        const key = slowModeKey(roomId);
        if (seconds === 0) await commands.del(key);
        else await commands.set(key, seconds, 'PX', ttlMs);
      }),

    of: (roomIds) =>
      eachOrUnavailable(
        NOT_READ,
        roomIds.map(async (roomId) => Number((await commands.get(slowModeKey(roomId))) ?? 0)),
      ).then(unlessAllAway),
  };
}
