import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectionsKey, messagesKey, ROOMS_ACTIVE } from './keys.js';
import { changeSet, chunks } from './members.js';

/** Rooms in one part of the set: asking about each of them takes a few milliseconds. */
export const ROOMS_AT_ONCE = 500;

/**
 * The rooms of rooms:active, in parts of ROOMS_AT_ONCE at most. Others get a turn of the event loop between two
 * parts, and Redis serves others between two commands, however many rooms there are. A room that is added or
 * removed meanwhile may be missing; a room may come twice. Throws what Redis gives as an error.
 */
export async function* scanActiveRooms(commands: Redis): AsyncGenerator<string[]> {
  const scan = (cursor: string) => {
    const page = commands.sscan(ROOMS_ACTIVE, cursor, 'COUNT', ROOMS_AT_ONCE);
    // A failure is thrown when the page is used, if it is.
    page.catch(() => undefined);
    return page;
  };
  let page: ReturnType<typeof scan> | undefined = scan('0');
  while (page !== undefined) {
    const [cursor, roomIds]: [string, string[]] = await page;
    // Asked ahead, so that the answer comes with those about the rooms of this part.
    page = cursor === '0' ? undefined : scan(cursor);
    // Redis gives a small set as a whole, and may give some more than it was asked for.
    for (const part of chunks(roomIds, ROOMS_AT_ONCE)) {
      yield part;
      await nextTurn();
    }
  }
}

/**
 * Removes the given rooms from rooms:active if they hold neither messages nor connections. A room that becomes
 * active at the same time stays in the set, or is added back. Throws Redis errors unchanged.
 */
export async function retireEmptyRooms(commands: Redis, roomIds: readonly string[]): Promise<void> {
  const empty = await findEmpty(commands, roomIds);
  if (empty.length === 0) return;
  await changeSet(commands, 'srem', ROOMS_ACTIVE, empty);
  // A room may have become active between the check and the removal, and then our removal undid its entry.
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
