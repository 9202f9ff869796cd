/**
 * The list of rooms that hold messages or connections. It is one set on one Redis, and sixteen in a Cluster. A room and
 * its entry in the list may be on different shards, so no script can change both: see `retireEmptyRooms`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Commands } from './commands.js';
import { isAway } from './errors.js';
import { activeRoomsKey, activeRoomsKeys, connectionsKey, messagesKey } from './keys.js';
import { changeSet, chunks } from './members.js';
import type { Servers } from './servers.js';

/** Rooms per batch. Querying the rooms of one batch takes a few milliseconds. */
export const ROOMS_AT_ONCE = 500;

/** What the list needs of the servers. */
export type ListServers = Pick<Servers, 'commands' | 'isCluster'>;

/** Adds rooms to the list. Throws Redis errors unchanged, after the other partitions of the list have their rooms. */
export function addActiveRooms(servers: ListServers, roomIds: readonly string[]): Promise<void> {
  return changeList(servers, 'sadd', roomIds);
}

/** Whether a room is in the list. Throws Redis errors unchanged. */
export async function isActiveRoom({ commands, isCluster }: ListServers, roomId: string): Promise<boolean> {
  return (await commands.sismember(activeRoomsKey(roomId, isCluster), roomId)) === 1;
}

/**
 * Yields the active rooms in batches of at most ROOMS_AT_ONCE. However many rooms there are, neither
 * the event loop nor Redis is blocked for longer than one batch. A room may be yielded twice, and a room that
 * is added or removed meanwhile may be missing. Skips partitions of the list whose shard is away, and calls `onSkipped`
 * for each; if all are away, throws the error. Throws other Redis errors unchanged.
 */
export async function* scanActiveRooms(
  { commands, isCluster }: ListServers,
  onSkipped: (key: string) => void = () => undefined,
): AsyncGenerator<string[]> {
  const keys = activeRoomsKeys(isCluster);
  let away = 0;
  for (const key of keys) {
    try {
      yield* scan(commands, key);
    } catch (error) {
      away += 1;
      if (!isAway(error) || away === keys.length) throw error;
      onSkipped(key);
    }
  }
}

async function* scan(commands: Commands, key: string): AsyncGenerator<string[]> {
  const ask = (cursor: string) => {
    const page = commands.sscan(key, cursor, 'COUNT', ROOMS_AT_ONCE);
    // The error is thrown when the page is awaited. It may never be, if the caller stops early.
    page.catch(() => undefined);
    return page;
  };
  let page: ReturnType<typeof ask> | undefined = ask('0');
  while (page !== undefined) {
    const [cursor, roomIds]: [string, string[]] = await page;
    // Request the next page ahead, in the same round trip as the caller's queries about this one.
    page = cursor === '0' ? undefined : ask(cursor);
    // Redis returns a small set as a whole, and may return more than COUNT.
    for (const part of chunks(roomIds, ROOMS_AT_ONCE)) {
      yield part;
      await nextTurn();
    }
  }
}

/**
 * Removes the given rooms from the list if they hold neither messages nor connections. A room that becomes active at the
 * same time stays in the list, or is added back, and so does one whose shard is away: it may not be empty. Throws other
 * Redis errors unchanged.
 */
export async function retireEmptyRooms(servers: ListServers, roomIds: readonly string[]): Promise<void> {
  const empty = await findEmpty(servers.commands, roomIds);
  if (empty.length === 0) return;
  const [removal] = await Promise.allSettled([changeList(servers, 'srem', empty)]);
  // If a room became active between the check and the removal, the removal was wrong. Add it back.
  const stillEmpty = new Set(await findEmpty(servers.commands, empty));
  const active = empty.filter((roomId) => !stillEmpty.has(roomId));
  await changeList(servers, 'sadd', active);
  // A removal that failed may have removed some of them, so it is reported only now.
  if (removal.status === 'rejected') throw removal.reason;
}

/** The rooms that are known to be empty. */
async function findEmpty(commands: Commands, roomIds: readonly string[]): Promise<string[]> {
  const areEmpty = await Promise.all(
    roomIds.map(async (roomId) => {
      try {
        // Two commands, because the two keys are in different slots of a Cluster.
        const [messages, connections] = await Promise.all([
          commands.exists(messagesKey(roomId)),
          commands.exists(connectionsKey(roomId)),
        ]);
        return messages + connections === 0;
      } catch (error) {
        if (isAway(error)) return false;
        throw error;
      }
    }),
  );
  return roomIds.filter((_, index) => areEmpty[index]);
}

async function changeList(
  { commands, isCluster }: ListServers,
  change: 'sadd' | 'srem',
  roomIds: readonly string[],
): Promise<void> {
  const parts = new Map<string, string[]>();
  for (const roomId of roomIds) {
    const key = activeRoomsKey(roomId, isCluster);
    const part = parts.get(key);
    if (part) part.push(roomId);
    else parts.set(key, [roomId]);
  }
  const changes = await Promise.allSettled(
    [...parts].map(([key, part]) => changeSet(commands, change, key, part)),
  );
  for (const result of changes) if (result.status === 'rejected') throw result.reason;
}
