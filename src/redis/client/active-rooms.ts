import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectionsKey, messagesKey, ROOMS_ACTIVE } from './keys.js';
import { changeSet, chunks } from './members.js';

/** Rooms per batch. Querying the rooms of one batch takes a few milliseconds. */
export const ROOMS_AT_ONCE = 500;

/**
 * Yields the rooms in rooms:active in batches of at most ROOMS_AT_ONCE. However many rooms there are, neither
 * the event loop nor Redis is blocked for longer than one batch. A room may be yielded twice, and a room that
 * is added or removed meanwhile may be missing. Throws Redis errors unchanged.
 */
export async function* scanActiveRooms(commands: Redis): AsyncGenerator<string[]> {
  const scan = (cursor: string) => {
    const page = commands.sscan(ROOMS_ACTIVE, cursor, 'COUNT', ROOMS_AT_ONCE);
    // The error is thrown when the page is awaited. It may never be, if the caller stops early.
    page.catch(() => undefined);
    return page;
  };
  let page: ReturnType<typeof scan> | undefined = scan('0');
  while (page !== undefined) {
    const [cursor, roomIds]: [string, string[]] = await page;
    // Request the next page ahead, in the same round trip as the caller's queries about this one.
    page = cursor === '0' ? undefined : scan(cursor);
    // Redis returns a small set as a whole, and may return more than COUNT.
    for (const part of chunks(roomIds, ROOMS_AT_ONCE)) {
      yield part;
      await nextTurn();
    }
  }
}

/**
 * Removes the given rooms from rooms:active if they hold neither messages nor connections. A room that
 * becomes active at the same time stays in the set, or is added back. Throws Redis errors unchanged.
 */
export async function retireEmptyRooms(commands: Redis, roomIds: readonly string[]): Promise<void> {
  const empty = await findEmpty(commands, roomIds);
  if (empty.length === 0) return;
  await changeSet(commands, 'srem', ROOMS_ACTIVE, empty);
  // If a room became active between the check and the removal, the removal was wrong. Add it back.
  const stillEmpty = new Set(await findEmpty(commands, empty));
  const active = empty.filter((roomId) => !stillEmpty.has(roomId));
  await changeSet(commands, 'sadd', ROOMS_ACTIVE, active);
}

async function findEmpty(commands: Redis, roomIds: readonly string[]): Promise<string[]> {
  const keyCounts = await Promise.all(
    roomIds.map(async (roomId) => {
      // Two commands, because the two keys are in different slots of a Cluster.
      const [messages, connections] = await Promise.all([
        commands.exists(messagesKey(roomId)),
        commands.exists(connectionsKey(roomId)),
      ]);
      return messages + connections;
    }),
  );
  return roomIds.filter((_, index) => keyCounts[index] === 0);
}
