import type { ChatError } from '#domain/errors.js';
import { eachOrUnavailable, orUnavailable, unlessWrongType } from '#redis/client/errors.js';
import { connectionsKey } from '#redis/client/keys.js';
import { chunks } from '#redis/client/members.js';
import { loadScript } from '#redis/client/script.js';
import type { Servers } from '#redis/client/servers.js';

/** Rooms per call on one Redis. A call takes less than a tenth of a millisecond. */
const ROOMS_PER_CALL = 100;

const NOT_READ = 'The rooms cannot be read right now. Try again shortly.';

/**
 * Counts the connections of rooms, in the order given. If the shard of a room is away, SERVICE_UNAVAILABLE is in place of
 * its count. Throws other Redis errors unchanged. A key of the wrong type counts 0.
 */
export type CountConnections = (roomIds: readonly string[]) => Promise<(number | ChatError)[]>;

/** One Redis counts a hundred rooms in one call, which costs a third of a hundred commands. Shards count each room. */
export function createCountConnections({
  commands,
  isCluster,
}: Pick<Servers, 'commands' | 'isCluster'>): CountConnections {
  if (isCluster) {
    const count = (roomId: string) => unlessWrongType(commands.scard(connectionsKey(roomId)), () => 0);
    return (roomIds) => eachOrUnavailable(NOT_READ, roomIds.map(count));
  }
  const run = loadScript(commands, 'presence/lua/count-connections-n.lua');
  return async (roomIds) => {
    const calls = chunks(roomIds, ROOMS_PER_CALL).map((part) => run(part.map(connectionsKey), []));
    return orUnavailable(NOT_READ, async () => ((await Promise.all(calls)) as number[][]).flat());
  };
}
