import type { Redis } from 'ioredis';
import type { Window } from '#domain/ports/event-log.js';
import { messagesKey } from '#redis/client/keys.js';
import { loadScript } from '#redis/client/script.js';

/** A stretch of a room's list as it is stored, oldest first. */
export interface StoredPage {
  entries: string[];
  hasOlder: boolean;
  hasNewer: boolean;
}

/** Reads a window of a room's list; undefined where `after` is no longer exact. */
export type ReadPage = (roomId: string, window: Window) => Promise<StoredPage | undefined>;

/** The read path: all of it is `scripts/read-page.lua`. Throws what Redis gives as an error. */
export function createReadPage(commands: Redis, { ttlMs }: { ttlMs: number }): ReadPage {
  const run = loadScript(commands, new URL('./lua/read-page-1.lua', import.meta.url));
  return async (roomId, { after = '', before = '', take }) => {
    const [end, limit] = 'first' in take ? ['first', take.first] : ['last', take.last];
    const reply = await run([messagesKey(roomId)], [after, before, end, limit, ttlMs]);
    const [expired, hasOlder, hasNewer, ...entries] = reply as [number, number, number, ...string[]];
    return expired ? undefined : { entries, hasOlder: hasOlder === 1, hasNewer: hasNewer === 1 };
  };
}
