import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { compareIds } from '#domain/cursor.js';
import type { Window } from '#domain/ports/event-log.js';
import type { RedisConnections } from '#redis/client/connections.js';
import { loadScript } from '#redis/client/script.js';
import { createReadPage, READ_PAGE, type ReadPage } from '#redis/room-log/read-page.js';
import { type Fixture, startFixture, stored } from '#test/redis/fixture.js';

const LIST = 'messages:room1';
const HOUR = 3_600_000;
let redis: Fixture;
let node: RedisConnections;
let read: ReadPage;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
  read = createReadPage(loadScript(node.commands, READ_PAGE), { ttlMs: HOUR });
});
afterAll(() => redis.close());
beforeEach(() => node.commands.flushall());

/** Fills the room's list, oldest first, and returns the ids. */
async function fill(ids: string[], prev = '0'): Promise<string[]> {
  await node.commands.lpush(LIST, ...ids.map((id, index) => stored(id, ids[index - 1] ?? prev)));
  return ids;
}

/** Ids from a minute ago, which are still kept. */
function recent(count: number): string[] {
  const start = Date.now() - 60_000;
  return Array.from({ length: count }, (_, index) => `${start + Math.floor(index / 3)}-${index % 3}`);
}

async function page(window: Window) {
  const found = await read('room1', window);
  if (!found) return 'expired';
  const ids = found.entries.map((entry) => JSON.parse(entry).id as string);
  return { ids, hasOlder: found.hasOlder, hasNewer: found.hasNewer };
}

test('a page of an empty room is empty', async () => {
  const nothing = { ids: [], hasOlder: false, hasNewer: false };
  expect(await page({ take: { last: 5 } })).toEqual(nothing);
  expect(await page({ take: { first: 5 } })).toEqual(nothing);
  expect(await page({ after: '0', take: { first: 5 } })).toEqual(nothing);
  expect(await page({ before: '5-0', take: { last: 5 } })).toEqual(nothing);
  expect(await page({ after: '5-0', take: { first: 5 } })).toBe('expired');
});

test('a page after a cursor is complete, or the cursor has expired', async () => {
  const [first = '', second = '', third = ''] = await fill(recent(3), '77-7');
  expect(await page({ after: first, take: { first: 5 } })).toMatchObject({ ids: [second, third] });
  expect(await page({ after: third, take: { first: 5 } })).toEqual({
    ids: [],
    hasOlder: true,
    hasNewer: false,
  });
  // The entry just before the oldest kept one: nothing is missing.
  expect(await page({ after: '77-7', take: { first: 5 } })).toMatchObject({ ids: [first, second, third] });
  for (const after of ['0', '77-6', '77-8', `${first}0`, `${Date.now() + 1_000}-0`]) {
    expect(await page({ after, take: { first: 5 } }), after).toBe('expired');
  }
});

test('"0" is a valid cursor until entries are trimmed', async () => {
  const ids = await fill(recent(3));
  expect(await page({ after: '0', take: { last: 2 } })).toMatchObject({ ids: ids.slice(1), hasOlder: true });
  await node.commands.rpop(LIST);
  expect(await page({ after: '0', take: { last: 2 } })).toBe('expired');
});

test('expired entries are ignored, even if they have not been trimmed yet', async () => {
  const old = [`${Date.now() - HOUR - 2_000}-0`, `${Date.now() - HOUR - 1_000}-0`];
  const young = recent(2);
  await fill([...old, ...young]);
  expect(await page({ take: { last: 5 } })).toEqual({ ids: young, hasOlder: false, hasNewer: false });
  expect(await page({ after: old[1], take: { first: 5 } })).toMatchObject({ ids: young });
  expect(await page({ after: old[0], take: { first: 5 } })).toBe('expired');
  expect(await page({ after: '0', take: { first: 5 } })).toBe('expired');
  await node.commands.ltrim(LIST, 2, -1);
  expect(await page({ take: { last: 5 } })).toMatchObject({ ids: [] });
  // Nothing came after the newest entry, however old it is.
  expect(await page({ after: old[1], take: { first: 5 } })).toMatchObject({ ids: [] });
  expect(await page({ after: old[0], take: { first: 5 } })).toBe('expired');
});

test('a page of a long list reads only a few of its entries', async () => {
  const ids = await fill(recent(10_000));
  await node.commands.config('RESETSTAT');
  expect(await page({ after: ids[4_000], take: { first: 5 } })).toMatchObject({
    ids: ids.slice(4_001, 4_006),
  });
  const stats = await node.commands.info('commandstats');
  expect(Number(/cmdstat_lindex:calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(60);
});

/** An entry of the model: its id, or undefined for a malformed one. */
type Entry = string | undefined;

/** A simple model of `page`. `room` is oldest first, and `gone` is the id just before it. */
function model(room: Entry[], gone: string, { after, before, take }: Window) {
  const kept = room.filter((id) => id !== undefined);
  if (after !== undefined && !kept.includes(after) && after !== gone) return 'expired';
  const inside = kept.filter(
    (id) =>
      (after === undefined || compareIds(id, after) > 0) &&
      (before === undefined || compareIds(id, before) < 0),
  );
  const ids =
    'first' in take
      ? inside.slice(0, take.first)
      : inside.slice(inside.length - Math.min(take.last, inside.length));
  // The bounds of the slice: its oldest and newest entry, or where it would be if it were not empty.
  const from = 'first' in take ? (after ?? '0') : undefined;
  const isOlder = (id: string) =>
    ids[0] !== undefined
      ? compareIds(id, ids[0]) < 0
      : from !== undefined
        ? compareIds(id, from) <= 0
        : before === undefined || compareIds(id, before) < 0;
  const newest = ids.at(-1);
  const isNewer = (id: string) => (newest !== undefined ? compareIds(id, newest) > 0 : !isOlder(id));
  return { ids, hasOlder: kept.some(isOlder), hasNewer: kept.some(isNewer) };
}

test('any window on any list equals the model, also with trimmed and malformed entries', async () => {
  const start = Date.now() - 60_000;
  const cursor = (at: number) => (at < 0 ? '0' : `${start + Math.floor(at / 3)}-${at % 3}`);
  const malformed = ['', 'x', '{"id":"1-1"}', '{"id":"5-","prev":"0","x":{}}', '[1]'];
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        // For each position: a message, no message, or a malformed entry.
        places: fc.array(
          fc.oneof(
            { weight: 6, arbitrary: fc.constant('message') },
            { weight: 2, arbitrary: fc.constant('none') },
            { weight: 2, arbitrary: fc.constantFrom(...malformed) },
          ),
          { maxLength: 40 },
        ),
        trimmed: fc.nat(10),
        after: fc.option(fc.integer({ min: -1, max: 41 }), { nil: undefined }),
        before: fc.option(fc.integer({ min: -1, max: 41 }), { nil: undefined }),
        end: fc.constantFrom('first', 'last'),
        size: fc.nat(12),
      }),
      async ({ places, trimmed, after, before, end, size }) => {
        let prev = '0';
        let gone = '0';
        const room: { id: Entry; text: string }[] = [];
        places.forEach((place, at) => {
          if (place === 'message') {
            room.push({ id: cursor(at), text: stored(cursor(at), prev) });
            prev = cursor(at);
          } else if (place !== 'none') room.push({ id: undefined, text: place });
        });
        for (const { id } of room.splice(0, trimmed)) gone = id ?? gone;
        // If all entries are gone, the last id is unknown.
        if (room.every(({ id }) => id === undefined)) gone = '0';

        await node.commands.del(LIST);
        if (room.length > 0) await node.commands.lpush(LIST, ...room.map(({ text }) => text));
        const window: Window = {
          ...(after !== undefined && { after: cursor(after) }),
          ...(before !== undefined && { before: cursor(before) }),
          take: end === 'first' ? { first: size } : { last: size },
        };
        expect(await page(window)).toEqual(
          model(
            room.map(({ id }) => id),
            gone,
            window,
          ),
        );
      },
    ),
    { numRuns: 1_500 },
  );
});

test('paging through a room from either end returns each message once', async () => {
  const ids = await fill(recent(57));
  const forwards: string[] = [];
  for (let after = '0'; ; after = forwards.at(-1) ?? '') {
    const part = await page({ after, take: { first: 10 } });
    if (part === 'expired') throw new Error(`expired at ${after}`);
    forwards.push(...part.ids);
    if (!part.hasNewer) break;
  }
  expect(forwards).toEqual(ids);
  const backwards: string[] = [];
  for (let before: string | undefined; ; before = backwards[0]) {
    const part = await page({ ...(before && { before }), take: { last: 10 } });
    if (part === 'expired') throw new Error(`expired at ${before}`);
    backwards.unshift(...part.ids);
    if (!part.hasOlder) break;
  }
  expect(backwards).toEqual(ids);
});
