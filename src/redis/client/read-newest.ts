import type { ChatError } from '#domain/errors.js';
import { eachOrUnavailable } from './errors.js';
import { messagesKey } from './keys.js';
import { chunks } from './members.js';
import { loadScript } from './script.js';
import type { Servers } from './servers.js';

/** Rooms per call on one Redis. A call takes less than a tenth of a millisecond. */
const ROOMS_PER_CALL = 100;

/** The newest entry of a room. */
export interface Newest {
  /** Its stored text. Null if the room has no entries, undefined if its key is no list. */
  text: string | null | undefined;
  /** The time of the server that has the room, in milliseconds since 1970. Other servers may have other clocks. */
  now: number;
}

/**
 * Reads the newest entries of rooms, in the order given. If the shard of a room is away, SERVICE_UNAVAILABLE with this
 * message is in its place. Throws other Redis errors unchanged.
 */
export type ReadNewest = (roomIds: readonly string[], message: string) => Promise<(Newest | ChatError)[]>;

export function createReadNewest({
  commands,
  isCluster,
}: Pick<Servers, 'commands' | 'isCluster'>): ReadNewest {
  const run = loadScript(commands, 'client/lua/read-newest-n.lua');
  type Reply = [now: string, ...(string | null | 0)[]];

  return async (roomIds, message) => {
    const parts = chunks(roomIds, isCluster ? 1 : ROOMS_PER_CALL);
    const replies = await eachOrUnavailable(
      message,
      parts.map((part) => run(part.map(messagesKey), []) as Promise<Reply>),
    );
    return replies.flatMap((reply, index): (Newest | ChatError)[] => {
      if (!Array.isArray(reply)) return parts[index]!.map(() => reply);
      const now = Number(reply[0]);
      return parts[index]!.map((_, at) => {
        const text = reply[at + 1] as string | null | 0;
        return { text: text === 0 ? undefined : text, now };
      });
    });
  };
}
