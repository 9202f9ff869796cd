import type { Redis } from 'ioredis';
import { BEGINNING, type Cursor, millisecondsOf } from '#domain/cursor.js';
import type { Head, Window } from '#domain/ports/event-log.js';
import { messagesKey, roomKey } from '#redis/client/keys.js';
import { loadScript, type Script } from '#redis/client/script.js';
import { idOf } from './codec.js';

/** A stretch of a room's list as it is stored, oldest first, and how far the log goes. */
export interface StoredPage extends Head {
  entries: string[];
  hasOlder: boolean;
  hasNewer: boolean;
}

export interface ReadOptions {
  /** Reads messages alone; `hasOlder` and `hasNewer` then tell of messages alone, too. */
  messagesOnly?: boolean;
}

/** Reads a window of a room's log; undefined if `after` cannot be honoured. */
export type ReadPage = (
  roomId: string,
  window: Window,
  options?: ReadOptions,
) => Promise<StoredPage | undefined>;

/** Entries that one call takes at most: half of what it may look at, so that it sees what lies beyond. */
const TAKEN_AT_ONCE = 500;

/** A sequence above all others, as the scripts read ids. */
const LAST_SEQUENCE = '999999999999999';

/** What one call of the script is asked. */
interface Question {
  after: Cursor | '';
  exact: boolean;
  before: Cursor | '';
  take: 'first' | 'last';
  limit: number;
  messages: boolean;
  ttlMs: number;
}

type Known = 0 | 1 | 2;
type Reply = ['expired'] | ['page', Known, Known, string, string, string, string, ...string[]];

/** What one call of the script answers. 2 stands for not known. */
interface Answer extends Head {
  older: Known;
  newer: Known;
  /** Where it ran out of looks, if it did. */
  stoppedAt: Cursor | undefined;
  entries: string[];
}

/**
 * The read path. `lua/read-page-2.lua` reads a bounded part of the log at a time; a page goes on over as many
 * calls as it takes. Throws what Redis gives as an error.
 */
export function createReadPage(commands: Redis, { ttlMs }: { ttlMs: number }): ReadPage {
  const run = loadScript(commands, 'room-log/lua/read-page-2.lua');

  return async (roomId, { after = '', before = '', take }, { messagesOnly = false } = {}) => {
    const [end, wanted] = 'first' in take ? (['first', take.first] as const) : (['last', take.last] as const);
    const question = { after, exact: true, before, take: end, messages: messagesOnly, ttlMs };
    const collected = await collect(run, roomId, question, wanted);
    if (collected === undefined) return undefined;
    const { first, last, entries } = collected;
    // What lies beyond the page: beyond its entries or, if there are none, beyond the window.
    const isPlace = wanted === 0;
    const oldest =
      entries[0] !== undefined ? idOf(entries[0]) : isPlace && end === 'last' ? before : next(after);
    const newest =
      entries[0] !== undefined
        ? idOf(entries.at(-1)!)
        : isPlace && end === 'first'
          ? after
          : previous(before);
    const [older, newer] = end === 'first' ? [first.older, last.newer] : [last.older, first.newer];
    const isAny = async (known: Known, beyond: Partial<Question>): Promise<boolean> => {
      if (known !== 2) return known === 1;
      const bound = { ...question, exact: false, after: '', before: '', ...beyond } as const;
      return (await collect(run, roomId, bound, 1))!.entries.length > 0;
    };
    // A log is read up to where it was first, if it is read backwards, and last, if it is read forwards.
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

/** Asks until it has as many as are wanted, or the window ends. Gives the first answer and the last. */
async function collect(
  run: Script,
  roomId: string,
  question: Omit<Question, 'limit'>,
  wanted: number,
): Promise<{ first: Answer; last: Answer; entries: string[] } | undefined> {
  const entries: string[] = [];
  let { after, before } = question;
  let first: Answer | undefined;
  for (;;) {
    const limit = Math.min(wanted - entries.length, TAKEN_AT_ONCE);
    const answer = await ask(run, roomId, { ...question, after, before, limit });
    if (answer === undefined) return undefined;
    first ??= answer;
    const isFull = answer.entries.length === limit;
    if (question.take === 'first') entries.push(...answer.entries);
    else entries.unshift(...answer.entries);
    const edge = question.take === 'first' ? answer.entries.at(-1) : answer.entries[0];
    const goOnFrom = answer.stoppedAt ?? (isFull && edge !== undefined ? idOf(edge) : undefined);
    if (entries.length >= wanted || goOnFrom === undefined) return { first, last: answer, entries };
    if (question.take === 'first') after = goOnFrom;
    else before = goOnFrom;
  }
}

async function ask(run: Script, roomId: string, question: Question): Promise<Answer | undefined> {
  const reply = (await run([messagesKey(roomId), roomKey(roomId)], [JSON.stringify(question)])) as Reply;
  if (reply[0] === 'expired') return undefined;
  const [, older, newer, stoppedAt, epoch, head, now, ...entries] = reply;
  return { older, newer, stoppedAt: stoppedAt || undefined, epoch, head, now: Number(now), entries };
}

/** The cursor that all up to this one lie before. */
function next(cursor: Cursor | ''): Cursor | '' {
  if (cursor === '' || cursor === BEGINNING) return cursor && '0-0';
  const [ms, sequence] = cursor.split('-');
  return `${ms}-${Number(sequence) + 1}`;
}

/** The cursor that all from this one on lie after. */
function previous(cursor: Cursor | ''): Cursor | '' {
  if (cursor === '' || cursor === BEGINNING) return cursor;
  const sequence = Number(cursor.split('-')[1]);
  if (sequence > 0) return `${millisecondsOf(cursor)}-${sequence - 1}`;
  return cursor === '0-0' ? BEGINNING : `${millisecondsOf(cursor) - 1}-${LAST_SEQUENCE}`;
}
