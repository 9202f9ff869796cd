/** Pages of a log that contains messages and entries of other kinds. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareIds } from '#domain/cursor.js';
import { isMessage } from '#domain/entry.js';
import type { EventLog, Window } from '#domain/ports/event-log.js';
import { createEventLog } from '#redis/room-log/event-log.js';
import { type Fixture, startFixture, stored, type TestNode } from '#test/redis/fixture.js';

const LIST = 'messages:room1';
let redis: Fixture;
let node: TestNode;
let eventLog: EventLog;
let start: number;

beforeAll(async () => {
  redis = await startFixture();
  node = await redis.connect();
  eventLog = createEventLog({
    servers: node.servers,
    historyLimit: 10_000,
    ttlSeconds: 3_600,
    hooks: redis.hooks,
  });
});
afterAll(() => redis.close());
beforeEach(async () => {
  await node.commands.flushall();
  redis.reported.length = 0;
  start = Date.now() - 60_000;
});

const idAt = (place: number) => `${start + Math.floor(place / 3)}-${place % 3}`;

/** Fills the list from a text with `m` for each message and `o` for each opaque entry, oldest first. */
async function fill(kinds: string): Promise<void> {
  const texts = [...kinds].map((kind, place) => {
    const prev = place === 0 ? '0' : idAt(place - 1);
    const opaque = { id: idAt(place), prev, kind: 'pinned', message: { kind: 'x', content: '"kind":' } };
    return kind === 'm' ? stored(idAt(place), prev, { content: '"kind":"gone"' }) : JSON.stringify(opaque);
  });
  for (let from = 0; from < texts.length; from += 1_000) {
    await node.commands.lpush(LIST, ...texts.slice(from, from + 1_000));
  }
}

async function read(window: Window) {
  const { messages, hasOlder, hasNewer } = await eventLog.messages('room1', window);
  return { ids: messages.map(({ id }) => id), hasOlder, hasNewer };
}

describe('a page of messages', () => {
  test('equals the page of a list that contains only the messages, for any window', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('m', 'o', 'o'), { maxLength: 30 }),
        fc.option(fc.nat(29), { nil: undefined }),
        fc.option(fc.nat(30), { nil: undefined }),
        fc.constantFrom('first', 'last'),
        fc.nat(6),
        async (kinds, after, before, end, size) => {
          await node.commands.del(LIST);
          if (kinds.length > 0) await fill(kinds.join(''));
          if (after !== undefined && after >= kinds.length) return;
          const window: Window = {
            ...(after !== undefined && { after: idAt(after) }),
            ...(before !== undefined && { before: idAt(before) }),
            take: end === 'first' ? { first: size } : { last: size },
          };
          const all = kinds.flatMap((kind, place) => (kind === 'm' ? [idAt(place)] : []));
          const inside = all.filter(
            (id) =>
              (after === undefined || compareIds(id, idAt(after)) > 0) &&
              (before === undefined || compareIds(id, idAt(before)) < 0),
          );
          const ids =
            end === 'first' ? inside.slice(0, size) : inside.slice(Math.max(0, inside.length - size));
          const page = await read(window);
          expect(page.ids).toEqual(ids);
          if (ids.length === 0) return;
          expect(page.hasOlder).toBe(all.indexOf(ids[0]!) > 0);
          expect(page.hasNewer).toBe(all.indexOf(ids.at(-1)!) < all.length - 1);
        },
      ),
      { seed: 9, numRuns: 600 },
    );
  });

  test('takes further calls until it is full, and knows whether there are more', async () => {
    const far = 'o'.repeat(2_500);
    await fill(`m${far}mm${far}m${far}`);
    const [a, b, c, d] = [0, 2_501, 2_502, 5_003].map(idAt);
    expect(await read({ take: { last: 2 } })).toEqual({ ids: [c, d], hasOlder: true, hasNewer: false });
    expect(await read({ take: { last: 1 } })).toEqual({ ids: [d], hasOlder: true, hasNewer: false });
    expect(await read({ take: { last: 9 } })).toEqual({
      ids: [a, b, c, d],
      hasOlder: false,
      hasNewer: false,
    });
    expect(await read({ take: { first: 3 } })).toEqual({ ids: [a, b, c], hasOlder: false, hasNewer: true });
    expect(await read({ take: { first: 4 } })).toEqual({
      ids: [a, b, c, d],
      hasOlder: false,
      hasNewer: false,
    });
    const inTheGap = idAt(1_200);
    expect(await read({ after: inTheGap, take: { first: 1 } })).toEqual({
      ids: [b],
      hasOlder: true,
      hasNewer: true,
    });
    expect(await read({ before: inTheGap, take: { last: 1 } })).toEqual({
      ids: [a],
      hasOlder: false,
      hasNewer: true,
    });
    const behindAll = idAt(7_000);
    expect(await read({ after: behindAll, take: { first: 1 } })).toEqual({
      ids: [],
      hasOlder: true,
      hasNewer: false,
    });
  });

  test('examines at most a thousand entries per call', async () => {
    await fill('o'.repeat(5_000));
    await node.commands.config('RESETSTAT');
    expect(await read({ take: { last: 5 } })).toMatchObject({ ids: [] });
    const stats = await node.commands.info('commandstats');
    const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    expect(calls + Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0)).toBeGreaterThanOrEqual(5);
  });

  test('finds the last message of a room behind entries of other kinds', async () => {
    await fill(`mm${'o'.repeat(50)}`);
    expect(await eventLog.lastMessages(['room1', 'none'])).toMatchObject([{ id: idAt(1) }, null]);
  });
});

describe('a page of entries', () => {
  test('contains entries of all kinds and reports none as malformed', async () => {
    await fill('mo'.repeat(700));
    const { entries, hasOlder } = await eventLog.page('room1', { take: { last: 1_300 } });
    expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 1_300 }, (_, at) => idAt(100 + at)));
    expect(hasOlder).toBe(true);
    expect(entries.filter(isMessage)).toHaveLength(650);
    expect(redis.reported).toEqual([]);
  });
});
