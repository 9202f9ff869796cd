import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ROOM } from '#test/fanout/fixture.js';
import { createLog, pass, TTL_MS } from './log-stage.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a store that lost its data', () => {
  it('makes the log begin anew, with what the store holds', async () => {
    const { store, put, open, check, answer, held, log } = createLog();
    put();
    await open();
    const end = log.end;
    store.flush();
    pass(1);
    const sent = [put()];
    await check();
    await answer(2);
    expect(log.floor).toBeGreaterThan(end);
    expect(held()).toEqual(sent);
  });

  it('does not have it join what came after the loss to what came before', async () => {
    const { store, between, put, open, log, answer, held } = createLog();
    await open();
    log.catchUp();
    // While it asks for what comes after the beginning, the first message is told; the second is lost with
    // the data, and the answer begins with the third, which is the first again.
    put();
    put();
    store.flush();
    pass(1);
    const sent = [put()];
    between.tell(0);
    await answer(3);
    expect(log.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  it('does not make it miss what is told while it begins anew', async () => {
    const { store, between, put, open, check, answer, held } = createLog();
    put();
    await open();
    store.flush();
    pass(1);
    await check();
    await answer(1);
    // The second read is under way: it has been answered without this one.
    const sent = [put()];
    between.tell(0);
    between.answer('asked');
    await answer();
    expect(held()).toEqual(sent);
  });
});

describe('a room that is silent for as long as its messages live', () => {
  it('goes on where it was: nobody has missed anything', async () => {
    const { between, put, open, held, check, log } = createLog();
    const sent = [put()];
    await open();
    for (let quarter = 0; quarter < 5; quarter += 1) {
      pass(TTL_MS / 4);
      await check();
    }
    expect(between.reads).toEqual([]);
    sent.push(put());
    between.tell(0);
    expect(held()).toEqual(sent);
    expect(log.floor).toBe(0);
  });

  it('begins anew where a message may have lived and died unseen', async () => {
    const { between, put, open, answer, held, log } = createLog();
    put();
    await open();
    put();
    between.published.length = 0;
    pass(TTL_MS + 1);
    const sent = [put()];
    between.tell(0);
    await answer(2);
    expect(log.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  it('goes on though this clock is a little behind that of the store', async () => {
    const { put, open, check, between, clock, log, store } = createLog();
    clock.ahead = 500;
    put();
    await open();
    pass(TTL_MS / 2);
    await check();
    // By the store's clock its message has died, by this one not quite.
    pass(TTL_MS / 2 + 100);
    expect(store.kept(ROOM)).toEqual([]);
    await check();
    expect(between.reads).toEqual([]);
    expect(log.floor).toBe(0);
  });

  it('leaves it to the store what a cursor of before is worth', async () => {
    const { between, put, open, log, check } = createLog();
    const [first] = [put(), put()];
    await open();
    expect(log.locate(first!)).toBe(1);
    pass(TTL_MS - 1);
    await check();
    pass(2);
    put();
    between.tell(0);
    expect(log.locate(first!)).toBeUndefined();
    expect(log.newest(5)).toBe(log.end - 1);
  });
});
