import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Entry, OpaqueEntry } from '#domain/entry.js';
import type { Message } from '#domain/message.js';
import type { Window } from '#domain/ports/event-log.js';
import type { Store } from './memory-store.js';
import { until } from './until.js';

/** A store to test, with room for `HISTORY_LIMIT` entries per room. */
export interface StoreUnderTest {
  store: Store;
  /** Lets all entries of a room expire. Other data about the room remains. */
  growOld(roomId: string): Promise<void>;
  /** Loses all data. */
  lose(): Promise<void>;
  /** Appends a message as the version before epochs does. */
  appendAsBefore(roomId: string): Promise<Message>;
  /** Appends and publishes an entry of an unknown kind, as a later version does. */
  appendOpaque(roomId: string): Promise<OpaqueEntry>;
  close(): Promise<void>;
}

/** The number of entries that a room of a tested store keeps. */
export const HISTORY_LIMIT = 10;

const author = { id: 'guest:Ann', name: 'Ann' };

const EXPIRED = { code: 'CURSOR_EXPIRED' };

/** Tests what the fan-out expects of any EventLog and Feed. */
export function describeStore(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`the store and its feed: ${name}`, () => {
    let tested: StoreUnderTest;
    let rooms = 0;
    let roomId: string;
    beforeAll(async () => {
      tested = await start();
    });
    afterAll(() => tested.close());

    const send = (content: string) => tested.store.append({ roomId, author, content });
    /** Sends `count` messages to a new room. */
    const filled = async (count: number): Promise<Message[]> => {
      roomId = `room${++rooms}`;
      const sent: Message[] = [];
      for (let number = 1; number <= count; number += 1) sent.push(await send(`message ${number}`));
      return sent;
    };
    const page = (window: Window) => tested.store.page(roomId, window);
    const messages = (window: Window) => tested.store.messages(roomId, window);

    test('links each message to the one before it, with ascending ids', async () => {
      const [a, b, c] = await filled(3);
      expect([a!.prev, b!.prev, c!.prev]).toEqual(['0', a!.id, b!.id]);
      expect(new Set([a!.id, b!.id, c!.id]).size).toBe(3);
    });

    test('reads pages from either end and says whether there are more messages', async () => {
      const sent = await filled(5);
      for (const [window, expected] of [
        [{ take: { last: 2 } }, { of: sent.slice(3), hasOlder: true, hasNewer: false }],
        [{ take: { first: 2 } }, { of: sent.slice(0, 2), hasOlder: false, hasNewer: true }],
        [
          { after: sent[0]!.id, before: sent[4]!.id, take: { first: 9 } },
          { of: sent.slice(1, 4), hasOlder: true, hasNewer: true },
        ],
      ] as const) {
        const { of, ...bounds } = expected;
        expect(await page(window)).toMatchObject({ entries: of, ...bounds });
        expect(await messages(window)).toEqual({ messages: of, ...bounds, head: sent[4]!.id });
      }
    });

    test('reads nothing after the newest message and everything after the beginning', async () => {
      const sent = await filled(3);
      const none = await page({ after: sent[2]!.id, take: { first: 9 } });
      expect(none).toMatchObject({ entries: [], hasOlder: true, hasNewer: false });
      expect((await page({ after: '0', take: { first: 9 } })).entries).toEqual(sent);
    });

    test('accepts a cursor just before the oldest kept message and rejects an older one', async () => {
      const sent = await filled(HISTORY_LIMIT + 2);
      const all = await page({ after: sent[1]!.id, take: { first: 99 } });
      expect(all).toMatchObject({ entries: sent.slice(2), hasOlder: false, hasNewer: false });
      for (const after of [sent[0]!.id, '0', '1-1']) {
        await expect(page({ after, take: { first: 99 } })).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
      }
    });

    test('accepts no cursor but the beginning in an empty room', async () => {
      await filled(0);
      const empty = { entries: [], hasOlder: false, hasNewer: false, epoch: '', head: '0' };
      expect(await page({ after: '0', take: { first: 9 } })).toMatchObject(empty);
      expect(await page({ take: { last: 9 } })).toMatchObject(empty);
      await expect(page({ after: '1-1', take: { first: 9 } })).rejects.toMatchObject({
        code: 'CURSOR_EXPIRED',
      });
    });

    test('includes the head, the epoch and the time of the store with every page', async () => {
      const before = Date.now();
      const sent = await filled(2);
      const { epoch, head, now } = await page({ take: { last: 1 } });
      expect(epoch).not.toBe('');
      expect(head).toBe(sent[1]!.id);
      expect(Math.abs(now - before)).toBeLessThan(60_000);
      expect(await page({ after: sent[1]!.id, take: { first: 9 } })).toMatchObject({ epoch, head });
      await send('another');
      expect((await page({ take: { first: 1 } })).epoch).toBe(epoch);
    });

    test('returns the heads of many rooms, including empty ones', async () => {
      const sent = await filled(2);
      const { epoch } = await page({ take: { last: 1 } });
      expect(await tested.store.heads([roomId, 'none'])).toMatchObject([
        { epoch, head: sent[1]!.id },
        { epoch: '', head: '0' },
      ]);
      expect(await tested.store.heads([])).toEqual([]);
    });

    test('continues after the old head when all entries of a room have expired', async () => {
      const sent = await filled(2);
      const { epoch } = await page({ take: { last: 1 } });
      await tested.growOld(roomId);
      const empty = { entries: [], hasOlder: false, hasNewer: false, epoch, head: sent[1]!.id };
      expect(await page({ take: { last: 9 } })).toMatchObject(empty);
      expect(await page({ after: sent[1]!.id, take: { first: 9 } })).toMatchObject(empty);
      expect(await page({ after: '0', take: { first: 9 } })).toMatchObject(empty);
      expect(await messages({ take: { last: 9 } })).toMatchObject({ messages: [], head: sent[1]!.id });
      await expect(page({ after: sent[0]!.id, take: { first: 9 } })).rejects.toMatchObject(EXPIRED);
      expect(await tested.store.heads([roomId])).toMatchObject([{ epoch, head: sent[1]!.id }]);
      expect(await tested.store.lastMessages([roomId])).toEqual([null]);

      const next = [await send('first again'), await send('second')];
      expect(next[0]!.prev).toBe(sent[1]!.id);
      for (const after of [sent[1]!.id, '0']) {
        expect(await page({ after, take: { first: 9 } })).toMatchObject({ entries: next, epoch });
      }
      await expect(page({ after: sent[0]!.id, take: { first: 9 } })).rejects.toMatchObject(EXPIRED);
    });

    test('accepts the last cursor before a list that an older version started, and no earlier one', async () => {
      const sent = await filled(2);
      await tested.growOld(roomId);
      const first = await tested.appendAsBefore(roomId);
      expect(first.prev).toBe('0');
      expect((await page({ after: sent[1]!.id, take: { first: 9 } })).entries).toEqual([first]);
      const second = await send('of this version again');
      expect(second.prev).toBe(first.id);
      for (const after of [sent[1]!.id, '0']) {
        expect((await page({ after, take: { first: 9 } })).entries).toEqual([first, second]);
      }
      await expect(page({ after: sent[0]!.id, take: { first: 9 } })).rejects.toMatchObject(EXPIRED);
    });

    test('continues the chain of a list that an older version wrote', async () => {
      await filled(0);
      const before = [await tested.appendAsBefore(roomId), await tested.appendAsBefore(roomId)];
      expect(await page({ take: { last: 9 } })).toMatchObject({ epoch: '', head: before[1]!.id });
      const next = await send('of this version');
      expect(next.prev).toBe(before[1]!.id);
      const last = await tested.appendAsBefore(roomId);
      expect((await tested.store.heads([roomId]))[0]).toMatchObject({ head: last.id });
      expect((await send('and again')).prev).toBe(last.id);
      expect((await page({ after: '0', take: { first: 9 } })).entries).toHaveLength(5);
    });

    test('starts a new epoch after losing its data', async () => {
      await filled(2);
      const { epoch } = await page({ take: { last: 1 } });
      await tested.lose();
      expect((await tested.store.heads([roomId]))[0]).toMatchObject({ epoch: '', head: '0' });
      await send('after the loss');
      const { epoch: other } = await page({ take: { last: 1 } });
      expect(other).not.toBe('');
      expect(other).not.toBe(epoch);
    });

    test('includes entries of an unknown kind in pages but not in messages', async () => {
      const [a] = await filled(1);
      const kinds = [await tested.appendOpaque(roomId), await tested.appendOpaque(roomId)];
      const b = await send('b');
      const c = await tested.appendOpaque(roomId);
      expect(b.prev).toBe(kinds[1]!.id);
      expect((await page({ take: { last: 9 } })).entries).toEqual([a, ...kinds, b, c]);
      expect((await page({ after: a!.id, take: { first: 2 } })).entries).toEqual(kinds);
      const all = { messages: [a, b], hasOlder: false, hasNewer: false, head: c.id };
      expect(await messages({ take: { last: 2 } })).toEqual(all);
      expect(await messages({ take: { first: 2 } })).toEqual(all);
      expect(await messages({ after: kinds[0]!.id, take: { first: 1 } })).toMatchObject({
        messages: [b],
        hasOlder: true,
        hasNewer: false,
      });
      expect(await messages({ before: kinds[1]!.id, take: { last: 1 } })).toMatchObject({
        messages: [a],
        hasOlder: false,
        hasNewer: true,
      });
      expect(await tested.store.lastMessages([roomId])).toEqual([b]);
    });

    test('delivers entries of an unknown kind on the feed as they are stored', async () => {
      await filled(1);
      const received: Entry[] = [];
      const feed = await tested.store.open(roomId, {
        onEntry: (entry) => void received.push(entry),
        onResumed: () => undefined,
        onFailed: () => undefined,
      });
      const opaque = await tested.appendOpaque(roomId);
      await until(() => received.length === 1, { what: 'the entry' });
      expect(received).toEqual([opaque]);
      await feed.close();
    });

    test('keeps a retracted message as a tombstone and records the retraction', async () => {
      const [a, b, c] = await filled(3);
      const outcome = await tested.store.retract(roomId, [c!.id, '1-0', b!.id], {});
      expect(outcome).toEqual({ retracted: [b!.id, c!.id], missing: ['1-0'] });
      const { entries, head } = await page({ take: { last: 9 } });
      expect(entries).toEqual([
        a,
        { id: b!.id, prev: a!.id, kind: 'gone' },
        { id: c!.id, prev: b!.id, kind: 'gone' },
        { id: head, prev: c!.id, kind: 'retracted', roomId, ids: [b!.id, c!.id] },
      ]);
      expect((await page({ after: b!.id, take: { first: 9 } })).entries).toEqual(entries.slice(2));
      expect(await messages({ take: { last: 9 } })).toMatchObject({ messages: [a], head });
      expect(await tested.store.lastMessages([roomId])).toEqual([a]);
      expect(await tested.store.retract(roomId, [b!.id], {})).toEqual({ retracted: [b!.id], missing: [] });
      expect((await page({ take: { last: 9 } })).entries).toEqual(entries);
    });

    test('fills pages of messages in spite of tombstones', async () => {
      const sent = await filled(7);
      await tested.store.retract(roomId, [sent[2]!.id, sent[4]!.id, sent[6]!.id], {});
      const left = [0, 1, 3, 5].map((index) => sent[index]!);
      expect((await messages({ take: { last: 3 } })).messages).toEqual(left.slice(1));
      expect((await messages({ after: sent[2]!.id, take: { first: 2 } })).messages).toEqual(left.slice(2));
    });

    test('delivers retractions on the feed as they are stored', async () => {
      const [a] = await filled(1);
      const received: Entry[] = [];
      const feed = await tested.store.open(roomId, {
        onEntry: (entry) => void received.push(entry),
        onResumed: () => undefined,
        onFailed: () => undefined,
      });
      await tested.store.retract(roomId, [a!.id], {});
      await until(() => received.length === 1, { what: 'the entry' });
      expect(received).toEqual((await page({ take: { last: 1 } })).entries);
      await feed.close();
    });

    test('retracts nothing if one of the messages may not be retracted', async () => {
      const [a] = await filled(1);
      const bob = { id: 'user:bob', name: 'Bob' };
      const b = await tested.store.append({ roomId, author: bob, content: 'b', role: 'moderator' });
      for (const rights of [{ author: bob.id }, { withinMs: -60_000 }, { sparesAllBut: author.id }]) {
        await expect(tested.store.retract(roomId, [a!.id, b.id], rights)).rejects.toMatchObject({
          code: 'FORBIDDEN',
        });
      }
      expect((await page({ take: { last: 9 } })).entries).toEqual([a, b]);
      const own = { author: bob.id, withinMs: 60_000, sparesAllBut: bob.id };
      expect(await tested.store.retract(roomId, [b.id], own)).toMatchObject({ retracted: [b.id] });
    });

    test('refuses to repeat a send whose message was retracted', async () => {
      await filled(0);
      const draft = { roomId, author, content: 'once', nonce: 'n1' };
      const { id } = await tested.store.append(draft);
      await tested.store.retract(roomId, [id], {});
      await expect(tested.store.append(draft)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    test('returns the nonce of a message and stores only one message per nonce', async () => {
      await filled(0);
      const draft = { roomId, author, content: 'once', nonce: 'n1' };
      const first = await tested.store.append(draft);
      expect(first.nonce).toBe('n1');
      expect(await tested.store.append({ ...draft, content: 'again' })).toEqual(first);
      expect((await messages({ take: { last: 9 } })).messages).toEqual([first]);
    });

    test('returns the newest message of each room, or null if it has none', async () => {
      const sent = await filled(2);
      expect(await tested.store.lastMessages([roomId, 'none'])).toEqual([sent[1], null]);
    });

    test('delivers new messages as stored, from when the feed opens until it closes', async () => {
      await filled(1);
      const received: Entry[] = [];
      const feed = await tested.store.open(roomId, {
        onEntry: (entry) => void received.push(entry),
        onResumed: () => undefined,
        onFailed: () => undefined,
      });
      const sent = [await send('b'), await send('c')];
      await until(() => received.length === 2, { what: 'both messages' });
      expect(received).toEqual(sent);
      await feed.close();
      await send('d');
      const later = await tested.store.open(roomId, {
        onEntry: (entry) => void received.push(entry),
        onResumed: () => undefined,
        onFailed: () => undefined,
      });
      const last = await send('e');
      await until(() => received.length === 3, { what: 'the message after the second open' });
      expect(received).toEqual([...sent, last]);
      await later.close();
    });
  });
}
