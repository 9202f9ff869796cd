import { BEGINNING, type Cursor } from '#domain/cursor.js';
import { badInput } from '#domain/errors.js';
import type { StartPosition } from '#fanout/delivery/subscriber.js';
import type { RoomLog } from '#fanout/log/room-log.js';

/** Where a subscription to a room starts: with new messages, with the newest `count`, or after a cursor. */
export type Start = { from: 'now' } | { from: 'last'; count: number } | { from: 'after'; cursor: Cursor };

/**
 * The position of a start in an open log. Undefined if the log is not open, or does not hold that position:
 * then `findPosition` asks the store.
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
  return isShort ? undefined : at(log, position);
}

/** The same, and asks the store if the log does not hold it. Throws BAD_USER_INPUT and CURSOR_EXPIRED. */
export async function findPosition(log: RoomLog, start: Start): Promise<StartPosition> {
  const held = heldPosition(log, start);
  if (held !== undefined) return held;
  if (start.from === 'after') {
    // Older than the log. Reading the page tells whether the cursor can be honored.
    await log.pageAfter(start.cursor);
    return { cursor: start.cursor, position: undefined };
  }
  if (start.from === 'now' || start.count < 0) throw badInput('last', 'must not be negative');
  // The log holds too many entries that are not messages.
  const cursor = await log.cursorBefore(start.count);
  return { cursor, position: log.reader.locate(cursor) };
}

function at({ reader }: RoomLog, position: number): StartPosition {
  return { cursor: reader.at(position)?.prev ?? reader.head ?? BEGINNING, position };
}
