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
 * Takes those of the rooms out of rooms:active that hold neither messages nor connections. A room that
 * comes alive meanwhile stays, or is put back. Throws what Redis gives as an error.
 */
export async function retireEmptyRooms(commands: Redis, roomIds: readonly string[]): Promise<void> {
  const empty = await withoutAnything(commands, roomIds);
  if (empty.length === 0) return;
  await changeSet(commands, 'srem', ROOMS_ACTIVE, empty);
  // Whoever filled a room between the look and the removal marked it before it was removed: look again.
  const stillEmpty = new Set(await withoutAnything(commands, empty));
  const alive = empty.filter((roomId) => !stillEmpty.has(roomId));
  await changeSet(commands, 'sadd', ROOMS_ACTIVE, alive);
}

async function withoutAnything(commands: Redis, roomIds: readonly string[]): Promise<string[]> {
  const held = await Promise.all(
    roomIds.map(async (roomId) => {
      // Two commands, since the two keys lie in different slots of a Cluster.
      const [messages, connections] = await Promise.all([
        commands.exists(messagesKey(roomId)),
        commands.exists(connectionsKey(roomId)),
      ]);
      return messages + connections;
    }),
  );
  return roomIds.filter((_, index) => held[index] === 0);
}
