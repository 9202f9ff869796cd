import { BEGINNING, type Cursor, millisecondsOf } from '#domain/cursor.js';
import type { Head, Window } from '#domain/ports/event-log.js';
import { messagesKey, roomKey } from '#redis/client/keys.js';
import type { Script } from '#redis/client/script.js';
import { idOf } from './codec.js';

/** A stretch of a room's list as stored text, oldest first, and the head of the log. */
export interface StoredPage extends Head {
  entries: string[];
  hasOlder: boolean;
  hasNewer: boolean;
}

export interface ReadOptions {
  /** Reads only messages. `hasOlder` and `hasNewer` then refer to messages, too. */
  messagesOnly?: boolean;
  /**
   * For a replica: what the log must have. `head` must not be '0'. Entries are judged by the time in `now`, because the
   * replica's clock may differ. Throws a BehindError if the log lacks it, or the entries of the window's cursors.
   */
  known?: Head | undefined;
}

/** The log that was read lacks what the caller knows of. */
export class BehindError extends Error {
  override readonly name = 'BehindError';
}

/** The script of the read path, for `createReadPage`. */
export const READ_PAGE = 'room-log/lua/read-page-2.lua';

/** Reads a window of a room's log. Undefined if `after` has expired. */
export type ReadPage = (
  roomId: string,
  window: Window,
  options?: ReadOptions,
) => Promise<StoredPage | undefined>;

/** Entries per call: half of what a call may examine, so that it can also see whether there are more. */
const MAX_PER_CALL = 500;

/** The largest sequence that the scripts accept in an id. */
const MAX_SEQUENCE = '999999999999999';

/** The arguments of one call of the script. See `read-page-2.lua`. */
interface Query {
  after: Cursor | '';
  exact: boolean;
  before: Cursor | '';
  take: 'first' | 'last';
  limit: number;
  messages: boolean;
  ttlMs: number;
  known: Head | undefined;
}

/** Whether there are more entries: 0 for no, 1 for yes, 2 for unknown. */
type More = 0 | 1 | 2;
type Reply = ['expired'] | ['behind'] | ['page', More, More, string, string, string, string, ...string[]];

/** The result of one call of the script. */
interface Result extends Head {
  older: More;
  newer: More;
  /** The cursor at which the call stopped because it had reached its limit of examined entries. */
  stoppedAt: Cursor | undefined;
  entries: string[];
}

/**
 * Creates the read path. `run` runs READ_PAGE, always on the same server within a page. Each call of it reads a bounded part
 * of the log, and a page takes as many calls as it needs. Throws Redis errors unchanged.
 */
export function createReadPage(run: Script, { ttlMs }: { ttlMs: number }): ReadPage {
  return async (roomId, { after = '', before = '', take }, { messagesOnly = false, known } = {}) => {
    const [end, wanted] = 'first' in take ? (['first', take.first] as const) : (['last', take.last] as const);
    const query = { after, exact: true, before, take: end, messages: messagesOnly, ttlMs, known };
    const collected = await collect(run, roomId, query, wanted);
    if (collected === undefined) return undefined;
    const { first, last, entries } = collected;
    // The bounds of the page: its oldest and newest entry or, if it is empty, those of the window.
    const isEmptyRequest = wanted === 0;
    const oldest =
      entries[0] !== undefined ? idOf(entries[0]) : isEmptyRequest && end === 'last' ? before : next(after);
    const newest =
      entries[0] !== undefined
        ? idOf(entries.at(-1)!)
        : isEmptyRequest && end === 'first'
          ? after
          : previous(before);
    const [older, newer] = end === 'first' ? [first.older, last.newer] : [last.older, first.newer];
    const isAny = async (more: More, beyond: Partial<Query>): Promise<boolean> => {
      if (more !== 2) return more === 1;
      const bound = { ...query, exact: false, after: '', before: '', ...beyond } as const;
      return (await collect(run, roomId, bound, 1))!.entries.length > 0;
    };
    // Reading forwards ends at the head of the last call. Reading backwards starts at the head of the first.
    const { epoch, head, now } = end === 'first' ? last : first;
    return {
      entries,
      hasOlder: await isAny(older, { before: oldest, take: 'last' }),
      hasNewer: await isAny(newer, { after: newest, take: 'first' }),
      epoch,
      head,
      now,
    };
  };
}

/**
 * Calls the script until there are `wanted` entries or the
 * window ends. Returns the first and last result too.
 */
async function collect(
  run: Script,
  roomId: string,
  query: Omit<Query, 'limit'>,
  wanted: number,
): Promise<{ first: Result; last: Result; entries: string[] } | undefined> {
  const entries: string[] = [];
  let { after, before } = query;
  let first: Result | undefined;
  for (;;) {
    const limit = Math.min(wanted - entries.length, MAX_PER_CALL);
    const result = await call(run, roomId, { ...query, after, before, limit });
    if (result === undefined) return undefined;
    first ??= result;
    const isFull = result.entries.length === limit;
    if (query.take === 'first') entries.push(...result.entries);
    else entries.unshift(...result.entries);
    const edge = query.take === 'first' ? result.entries.at(-1) : result.entries[0];
    const goOnFrom = result.stoppedAt ?? (isFull && edge !== undefined ? idOf(edge) : undefined);
    if (entries.length >= wanted || goOnFrom === undefined) return { first, last: result, entries };
    if (query.take === 'first') after = goOnFrom;
    else before = goOnFrom;
  }
}

async function call(run: Script, roomId: string, query: Query): Promise<Result | undefined> {
  const reply = (await run([messagesKey(roomId), roomKey(roomId)], [JSON.stringify(query)])) as Reply;
  if (reply[0] === 'expired') return undefined;
  if (reply[0] === 'behind') throw new BehindError('The log lacks entries that it should have.');
  const [, older, newer, stoppedAt, epoch, head, now, ...entries] = reply;
  return { older, newer, stoppedAt: stoppedAt || undefined, epoch, head, now: Number(now), entries };
}

/** The smallest cursor greater than this one. */
function next(cursor: Cursor | ''): Cursor | '' {
  if (cursor === '' || cursor === BEGINNING) return cursor && '0-0';
  const [ms, sequence] = cursor.split('-');
  return `${ms}-${Number(sequence) + 1}`;
}

/** The greatest cursor smaller than this one. */
function previous(cursor: Cursor | ''): Cursor | '' {
  if (cursor === '' || cursor === BEGINNING) return cursor;
  const sequence = Number(cursor.split('-')[1]);
  if (sequence > 0) return `${millisecondsOf(cursor)}-${sequence - 1}`;
  return cursor === '0-0' ? BEGINNING : `${millisecondsOf(cursor) - 1}-${MAX_SEQUENCE}`;
}
