import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { serviceUnavailable } from '#domain/errors.js';
import { createLog } from './log-harness.js';

describe('opening a room log', () => {
  test('reads the newest entries from the store', async () => {
    const { reader, put, open, held } = createLog({ capacity: 2 });
    const sent = [put(), put(), put()];
    await open();
    expect(held()).toEqual(sent.slice(1));
    expect(reader.head).toBe(sent[2]);
  });

  test('keeps a message that arrives after the feed opened and before the store was read', async () => {
    const { log, network, put, answer, held } = createLog();
    const opening = log.open();
    await nextTurn();
    const sent = [put()];
    network.deliver(0);
    // The store answers with its data from before that message.
    network.answer('stale');
    await opening;
    await answer();
    expect(held()).toEqual(sent);
  });

  test('fails if the store is down, and closes the feed', async () => {
    const { log, network, store } = createLog();
    const opening = log.open();
    await nextTurn();
    network.fail();
    await expect(opening).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(store.openRooms).toBe(0);
  });

  test('fails if the feed cannot be opened, without reading the store', async () => {
    const refused = serviceUnavailable('refused');
    const { log, network } = createLog({ feed: { open: () => Promise.reject(refused) } });
    await expect(log.open()).rejects.toBe(refused);
    expect(network.reads).toEqual([]);
  });

  test('fails if the log is closed meanwhile, and closes the feed', async () => {
    const { log, store } = createLog();
    const opening = log.open();
    const closing = log.close();
    await expect(opening).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await closing;
    expect(store.openRooms).toBe(0);
  });
});

describe('a gap in the feed', () => {
  test('is filled from the store, page by page, and reported once', async () => {
    const { network, put, open, answer, held, reported } = createLog();
    await open();
    const sent = [put(), put(), put(), put(), put()];
    network.deliver(4);
    expect(held()).toEqual([]);
    await answer(2);
    expect(held()).toEqual(sent);
    expect(reported.gaps).toEqual([5]);
  });

  test('is filled as soon as the feed resumes, without waiting for the next message', async () => {
    const { network, put, open, answer, held } = createLog();
    await open();
    const sent = [put()];
    network.listener?.onResumed();
    await answer();
    expect(held()).toEqual(sent);
  });

  test('is filled with the next message if the store was down', async () => {
    const { network, put, open, answer, held, reported } = createLog();
    await open();
    const sent = [put(), put(), put()];
    network.deliver(1);
    network.fail();
    await nextTurn();
    expect(reported.troubles).toMatchObject([{ code: 'SERVICE_UNAVAILABLE' }]);
    expect(held()).toEqual([]);
    network.deliver(1);
    await answer();
    expect(held()).toEqual(sent);
  });

  test('is not assumed if the feed delivers messages before the store answers', async () => {
    const { network, put, open, answer, held, log } = createLog({ historyLimit: 2 });
    const sent = [put()];
    await open();
    // Before the store answers the read after this head, more messages arrive and the store trims its list.
    log.catchUp();
    for (let count = 0; count < 4; count += 1) {
      sent.push(put());
      network.deliver(0);
    }
    await answer(3);
    expect(log.reader.floor).toBe(0);
    expect(held()).toEqual(sent);
  });

  test('does not cause endless reads if the store returns an empty page', async () => {
    let reads = 0;
    const page = async () => {
      reads += 1;
      return { entries: [], hasOlder: false, hasNewer: true, epoch: '', head: '1-0', now: 1 };
    };
    const messages = () => Promise.reject(new Error('not used'));
    const { log } = createLog({ eventLog: { page, messages } });
    await log.open();
    log.catchUp();
    await nextTurn();
    expect(reads).toBe(2);
  });
});
