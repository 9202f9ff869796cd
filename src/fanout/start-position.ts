import { BEGINNING, type Cursor } from '#domain/cursor.js';
import { badInput } from '#domain/errors.js';
import type { StartPosition } from '#fanout/delivery/subscriber.js';
import type { RoomLog } from '#fanout/log/room-log.js';

/** Where a subscription starts: with new messages, with the newest `count` messages, or after a cursor. */
export type Start = { from: 'now' } | { from: 'last'; count: number } | { from: 'after'; cursor: Cursor };

/**
 * Finds a start position in the log. Returns undefined if the log is not open or does not hold the position.
 * Call `findPosition` then.
 */
export function heldPosition(log: RoomLog, start: Start): StartPosition | undefined {
  const { reader } = log;
  if (reader.head === undefined) return undefined;
  if (start.from === 'after') {
    const position = reader.locate(start.cursor);
    return position === undefined ? undefined : { cursor: start.cursor, position };
  }
  if (start.from === 'now') return at(log, reader.end);
  if (start.count < 0) return undefined;
  const { position, isShort } = log.newest(start.count);
  return isShort ? undefined : { ...at(log, position), backlogEnd: reader.head };
}

/**
 * Finds a start position in an open log, or in the store if the log does not hold it. Throws BAD_USER_INPUT,
 * CURSOR_EXPIRED and SERVICE_UNAVAILABLE.
 */
export async function findPosition(log: RoomLog, start: Start): Promise<StartPosition> {
  const held = heldPosition(log, start);
  if (held !== undefined) return held;
  if (start.from === 'after') {
    // The cursor is older than the log. Reading the page after it throws if the store cannot resume from it.
    await log.pageAfter(start.cursor);
    return { cursor: start.cursor, position: undefined };
  }
  if (start.from === 'now' || start.count < 0) throw badInput('last', 'must not be negative');
  // The log does not hold enough messages, because other entries use up its capacity.
  const cursor = await log.cursorBefore(start.count);
  return { cursor, position: log.reader.locate(cursor), backlogEnd: log.reader.head };
}

function at({ reader }: RoomLog, position: number): StartPosition {
  return { cursor: reader.at(position)?.prev ?? reader.head ?? BEGINNING, position };
}
