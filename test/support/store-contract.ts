import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '#domain/message.js';
import type { Store } from './memory-store.js';
import { until } from './until.js';

/** A store to be held to its promises, with room for `HISTORY_LIMIT` messages. */
export interface StoreUnderTest {
  store: Store;
  close(): Promise<void>;
}

/** Messages that a room of a store under test keeps. */
export const HISTORY_LIMIT = 10;

const author = { id: 'guest:Ann', name: 'Ann' };

/** What the fan-out relies on of ChatRepository and MessageFeed, whatever they are made of. */
export function describeStore(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`the store and its feed: ${name}`, () => {
    let tested: StoreUnderTest;
    let rooms = 0;
    let roomId: string;
    beforeAll(async () => {
      tested = await start();
    });
    afterAll(() => tested.close());

    const send = (content: string) => tested.store.send({ roomId, author, content });
    /** Sends so many into a room of its own. */
    const filled = async (count: number): Promise<Message[]> => {
      roomId = `room${++rooms}`;
      const sent: Message[] = [];
      for (let number = 1; number <= count; number += 1) sent.push(await send(`message ${number}`));
      return sent;
    };
    const page = (window: Parameters<Store['page']>[1]) => tested.store.page(roomId, window);

    it('chains each message to the one before it, by ids that grow', async () => {
      const [a, b, c] = await filled(3);
      expect([a!.prev, b!.prev, c!.prev]).toEqual(['0', a!.id, b!.id]);
      expect(new Set([a!.id, b!.id, c!.id]).size).toBe(3);
    });

    it('reads from either end, and tells whether there is more', async () => {
      const sent = await filled(5);
      expect(await page({ take: { last: 2 } })).toEqual({
        messages: sent.slice(3),
        hasOlder: true,
        hasNewer: false,
      });
      expect(await page({ take: { first: 2 } })).toEqual({
        messages: sent.slice(0, 2),
        hasOlder: false,
        hasNewer: true,
      });
      expect(await page({ after: sent[0]!.id, before: sent[4]!.id, take: { first: 9 } })).toEqual({
        messages: sent.slice(1, 4),
        hasOlder: true,
        hasNewer: true,
      });
    });

    it('reads nothing after the newest, and everything after the beginning', async () => {
      const sent = await filled(3);
      const none = await page({ after: sent[2]!.id, take: { first: 9 } });
      expect(none).toEqual({ messages: [], hasOlder: true, hasNewer: false });
      expect((await page({ after: '0', take: { first: 9 } })).messages).toEqual(sent);
    });

    it('honours a cursor just before the oldest kept, and refuses an older one', async () => {
      const sent = await filled(HISTORY_LIMIT + 2);
      const all = await page({ after: sent[1]!.id, take: { first: 99 } });
      expect(all).toEqual({ messages: sent.slice(2), hasOlder: false, hasNewer: false });
      for (const after of [sent[0]!.id, '0', '1-1']) {
        await expect(page({ after, take: { first: 99 } })).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
      }
    });

    it('honours the beginning of an empty room alone', async () => {
      await filled(0);
      const empty = { messages: [], hasOlder: false, hasNewer: false };
      expect(await page({ after: '0', take: { first: 9 } })).toEqual(empty);
      expect(await page({ take: { last: 9 } })).toEqual(empty);
      await expect(page({ after: '1-1', take: { first: 9 } })).rejects.toMatchObject({
        code: 'CURSOR_EXPIRED',
      });
    });

    it('gives the newest message of each room, and null for a room without any', async () => {
      const sent = await filled(2);
      expect(await tested.store.lastMessages([roomId, 'none'])).toEqual([sent[1], null]);
    });

    it('tells what is sent once the feed is open, as it is stored, until it is closed', async () => {
      await filled(1);
      const told: Message[] = [];
      const feed = await tested.store.open(roomId, {
        onMessage: (message) => void told.push(message),
        onResumed: () => undefined,
        onFailed: () => undefined,
      });
      const sent = [await send('b'), await send('c')];
      await until(() => told.length === 2, { what: 'both messages' });
      expect(told).toEqual(sent);
      await feed.close();
      await send('d');
      const later = await tested.store.open(roomId, {
        onMessage: (message) => void told.push(message),
        onResumed: () => undefined,
        onFailed: () => undefined,
      });
      const last = await send('e');
      await until(() => told.length === 3, { what: 'the message after the second open' });
      expect(told).toEqual([...sent, last]);
      await later.close();
    });
  });
}
