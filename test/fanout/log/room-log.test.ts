import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { createLog } from './log-harness.js';

describe('opening a log', () => {
  test('begins with the newest that the store holds', async () => {
    const { reader, put, open, held } = createLog({ capacity: 2 });
    const sent = [put(), put(), put()];
    await open();
    expect(held()).toEqual(sent.slice(1));
    expect(reader.head).toBe(sent[2]);
  });

  test('does not lose what is told between the opening of the feed and the read of the store', async () => {
    const { log, between, put, answer, held } = createLog();
    const opening = log.open();
    await nextTurn();
    const sent = [put()];
    between.tell(0);
    // The read was answered before that message came to be.
    between.answer('asked');
    await opening;
    await answer();
    expect(held()).toEqual(sent);
  });

  test('fails where the store is away, and leaves no feed open', async () => {
    const { log, between, store } = createLog();
    const opening = log.open();
    await nextTurn();
    between.fail();
    await expect(opening).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(store.openRooms).toBe(0);
  });

  test('fails where the feed is refused, without a read', async () => {
    const refused = serviceUnavailable('refused');
    const { log, between } = createLog({ feed: { open: () => Promise.reject(refused) } });
    await expect(log.open()).rejects.toBe(refused);
    expect(between.reads).toEqual([]);
  });

  test('that is closed meanwhile fails, and leaves no feed open', async () => {
    const { log, store } = createLog();
    const opening = log.open();
    const closing = log.close();
    await expect(opening).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await closing;
    expect(store.openRooms).toBe(0);
  });
});

describe('a gap', () => {
  test('is filled from the store, page by page, before anything goes on, and reported once', async () => {
    const { between, put, open, answer, held, told } = createLog();
    await open();
    const sent = [put(), put(), put(), put(), put()];
    between.tell(4);
    expect(held()).toEqual([]);
    await answer(2);
    expect(held()).toEqual(sent);
    expect(told.gaps).toEqual([5]);
  });

  test('is looked for after every interruption of the feed, without waiting for a message', async () => {
    const { between, put, open, answer, held } = createLog();
    await open();
    const sent = [put()];
    between.listener?.onResumed();
    await answer();
    expect(held()).toEqual(sent);
  });

  test('stays, and is tried again with the next message, where the store is away', async () => {
    const { between, put, open, answer, held, told } = createLog();
    await open();
    const sent = [put(), put(), put()];
    between.tell(1);
    between.fail();
    await nextTurn();
    expect(told.troubles).toMatchObject([{ code: 'SERVICE_UNAVAILABLE' }]);
    expect(held()).toEqual([]);
    between.tell(1);
    await answer();
    expect(held()).toEqual(sent);
  });

  test('is not taken for one where the room outran the read that looked for it', async () => {
    const { between, put, open, answer, held, log } = createLog({ historyLimit: 2 });
    const sent = [put()];
    await open();
    // It asks for what comes after this head; until the store answers, the room goes on, and the store trims.
    log.catchUp();
    for (let count = 0; count < 4; count += 1) {
      sent.push(put());
      between.tell(0);
    }
    await answer(3);
    expect(log.reader.floor).toBe(0);
    expect(held()).toEqual(sent);
  });

  test('of entries that nobody can read does not make it read for ever', async () => {
    let reads = 0;
    const page = async () => {
      reads += 1;
      return { entries: [], hasOlder: false, hasNewer: true, epoch: '', head: '1-0', now: 1 };
    };
    const messages = () => Promise.reject(new Error('not asked'));
    const { log } = createLog({ eventLog: { page, messages } });
    await log.open();
    log.catchUp();
    await nextTurn();
    expect(reads).toBe(2);
  });
});
