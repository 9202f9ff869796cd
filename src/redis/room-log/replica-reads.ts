/**
 * Pages of history from replicas, which take load off the primaries. A replica may be behind, so its page counts only if it
 * proves to have all that this node and the client have seen. Otherwise, and after any failure, the primary is asked.
 */
import { compareIds, type EntryId } from '#domain/cursor.js';
import type { Head, Window } from '#domain/ports/event-log.js';
import type { RedisHooks, ReplicaUnused } from '#redis/client/hooks.js';
import { messagesKey } from '#redis/client/keys.js';
import type { Replica } from '#redis/client/replicas.js';
import { readScript, type Script } from '#redis/client/script.js';
import type { Servers } from '#redis/client/servers.js';
import { BehindError, createReadPage, READ_PAGE, type StoredPage } from './read-page.js';

/** How long a replica may take to read a page, in milliseconds. A client that waits for one that hangs waits no longer. */
const PATIENCE_MS = 250;

/**
 * Rooms whose newest message from this node is remembered, until the feed has brought it back. Far more than are sent to
 * within that time.
 */
const MAX_ROOMS = 10_000;

/** Reads pages from replicas. */
export interface ReplicaReads {
  /** A message was stored through this node. Later pages must have it, even if it has not come back through the feed yet. */
  sent(roomId: string, id: EntryId): void;
  /**
   * Reads a page of messages from a replica that has at least `known`. Undefined if the primary must be asked. Never
   * throws because of Redis.
   */
  read(roomId: string, window: Window, known: Head): Promise<StoredPage | undefined>;
}

export function createReplicaReads(
  servers: Pick<Servers, 'replicaOf'>,
  { ttlMs, hooks }: { ttlMs: number; hooks: RedisHooks },
): ReplicaReads {
  const run = readScript(READ_PAGE);
  /** The newest message that this node has stored in each room, the longest unchanged first. */
  const newest = new Map<string, EntryId>();

  /** Whether this node knows more of a room than its log does. */
  function isAhead(roomId: string, head: EntryId): boolean {
    const own = newest.get(roomId);
    if (own !== undefined && compareIds(own, head) > 0) return true;
    newest.delete(roomId);
    return false;
  }

  async function readFrom(
    replica: Replica,
    roomId: string,
    window: Window,
    known: Head,
  ): Promise<StoredPage | ReplicaUnused> {
    const onReplica: Script = (keys, args) => run(readOnly(replica), keys, args);
    const readPage = createReadPage(onReplica, { ttlMs });
    try {
      const page = await withinPatience(readPage(roomId, window, { messagesOnly: true, known }));
      replica.answered();
      return page ?? 'expired';
    } catch (error) {
      if (error instanceof BehindError) {
        replica.answered();
        return 'behind';
      }
      replica.failed(error as Error);
      return 'failed';
    }
  }

  async function readOrReason(
    roomId: string,
    window: Window,
    known: Head,
  ): Promise<StoredPage | ReplicaUnused> {
    if (isAhead(roomId, known.head)) return 'behind';
    const replica = servers.replicaOf(messagesKey(roomId));
    return replica === undefined ? 'no_replica' : readFrom(replica, roomId, window, known);
  }

  return {
    sent(roomId, id) {
      const own = newest.get(roomId);
      // A repeated nonce returns an old message.
      if (own !== undefined && compareIds(own, id) > 0) return;
      newest.delete(roomId);
      newest.set(roomId, id);
      const [longest] = newest.keys();
      if (newest.size > MAX_ROOMS) newest.delete(longest!);
    },

    async read(roomId, window, known) {
      const page = await readOrReason(roomId, window, { ...known, now: Math.floor(known.now) });
      const isPage = typeof page !== 'string';
      hooks.onHistoryRead?.(isPage ? 'replica' : page);
      return isPage ? page : undefined;
    },
  };
}

/** The commands that run scripts which only read. A replica does not know the scripts that were loaded into its primary. */
function readOnly({ redis }: Replica): Parameters<ReturnType<typeof readScript>>[0] {
  return {
    evalsha: redis.evalsha_ro.bind(redis),
    eval: redis.eval_ro.bind(redis),
  } as Parameters<ReturnType<typeof readScript>>[0];
}

/** Throws if the page is not there in time. What comes later is ignored. */
async function withinPatience<T>(page: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new Error(`No answer within ${PATIENCE_MS} ms`));
    // If it was this node that was busy, the answer may have arrived: answers are read before immediates run.
    timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
  });
  try {
    return await Promise.race([page, late]);
  } finally {
    clearTimeout(timer);
    // It may still fail, later.
    page.catch(() => undefined);
  }
}
