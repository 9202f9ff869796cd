import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROOM } from '#test/fanout/fixture.js';
import { createLog, pass, TTL_MS } from './log-harness.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a store that lost its data', () => {
  test('makes the log start again, with what the store holds', async () => {
    const { store, put, open, check, answer, held, reader } = createLog();
    put();
    await open();
    const { end } = reader;
    store.flush();
    pass(1);
    const sent = [put()];
    await check();
    await answer(2);
    expect(reader.floor).toBeGreaterThan(end);
    expect(held()).toEqual(sent);
  });

  test('makes the log start again once, though nothing is sent afterwards', async () => {
    const { store, between, put, open, check, answer, held, reader } = createLog();
    put();
    await open();
    store.flush();
    await check();
    await answer(2);
    const { floor } = reader;
    expect(floor).toBeGreaterThan(0);
    expect(held()).toEqual([]);
    for (let time = 0; time < 3; time += 1) {
      pass(TTL_MS);
      await check();
    }
    expect(between.reads).toEqual([]);
    const sent = [put()];
    between.tell(0);
    await answer();
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(floor);
  });

  test('does not have it join what came after the loss to what came before', async () => {
    const { store, between, put, open, log, answer, held, reader } = createLog();
    put();
    await open();
    log.catchUp();
    // While it asks for what comes after its head, the next message is delivered; the one behind that is lost
    // with the data.
    put();
    put();
    store.flush();
    pass(1);
    const sent = [put()];
    between.tell(0);
    await answer(4);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  test('does not make it miss what is delivered while it starts again', async () => {
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

  test('is noticed by its epoch, though it holds an entry with the id of the head', async () => {
    const { store, put, open, check, answer, held, reader, between } = createLog();
    const before = put();
    await open();
    store.flush();
    // A clock that stands still: the same id is given again.
    expect(put()).toBe(before);
    const sent = [before, put()];
    between.published.length = 0;
    await check();
    await answer(2);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  test('and came back with older data makes the log go back to that', async () => {
    const { store, put, open, check, answer, held, reader } = createLog();
    const kept = [put()];
    const restore = store.snapshot();
    put();
    await open();
    restore();
    await check();
    await answer(2);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(kept);
  });

  test('ends nothing in a room that never held anything', async () => {
    const { store, between, put, open, check, answer, held, reader } = createLog();
    await open();
    store.flush();
    await check();
    expect(between.reads).toEqual([]);
    const sent = [put()];
    between.tell(0);
    await answer();
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(0);
  });
});

describe('an epoch that is learned', () => {
  test('ends nothing: the list was written by the version before it', async () => {
    const { store, between, put, open, check, held, reader } = createLog();
    const sent = [store.putAsBefore(ROOM).id];
    await open();
    sent.push(put());
    between.tell(0);
    await check();
    sent.push(put());
    between.tell(0);
    expect(between.reads).toEqual([]);
    expect(held()).toEqual(sent);
    // From here on it is known.
    store.flush();
    pass(1);
    put();
    await check();
    expect(between.reads.length).toBe(1);
    expect(reader.floor).toBe(0);
  });
});

describe('a room that is silent for longer than its messages live', () => {
  test('goes on where it was: nobody has missed anything', async () => {
    const { between, put, open, held, check, reader } = createLog();
    const sent = [put()];
    await open();
    for (let quarter = 0; quarter < 9; quarter += 1) {
      pass(TTL_MS / 4);
      await check();
    }
    expect(between.reads).toEqual([]);
    sent.push(put());
    between.tell(0);
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(0);
  });

  test('goes on though nobody compared heads in the meantime', async () => {
    const { between, put, open, held, reader } = createLog();
    const sent = [put()];
    await open();
    pass(10 * TTL_MS);
    sent.push(put());
    between.tell(0);
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(0);
  });

  test('is opened at its head, and goes on from there', async () => {
    const { between, put, open, held, reader } = createLog();
    const last = put();
    pass(2 * TTL_MS);
    await open();
    expect(reader.head).toBe(last);
    expect(reader.locate(last)).toBe(reader.end);
    const sent = [put()];
    between.tell(0);
    expect(held()).toEqual(sent);
    expect(between.reads).toEqual([]);
  });

  test('starts again if a message lived and died unseen', async () => {
    const { between, put, open, answer, held, reader } = createLog();
    put();
    await open();
    put();
    between.published.length = 0;
    pass(TTL_MS + 1);
    const sent = [put()];
    between.tell(0);
    await answer(2);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  test('goes on with a message of the version before, which begins its list with "0"', async () => {
    const { store, between, put, open, answer, held, reader, told } = createLog();
    put();
    await open();
    pass(2 * TTL_MS);
    const next = store.putAsBefore(ROOM).id;
    between.tell(0);
    expect(between.reads.length).toBe(1);
    await answer();
    expect(held().at(-1)).toBe(next);
    expect(reader.floor).toBe(0);
    expect(told.gaps).toEqual([1]);
  });

  test('is told of a loss once if the store has forgotten what it knew of the room', async () => {
    const { store, put, open, check, answer, reader, between } = createLog();
    put();
    await open();
    pass(2 * TTL_MS);
    store.forgetRoom(ROOM);
    await check();
    await answer(2);
    const { floor } = reader;
    expect(floor).toBeGreaterThan(0);
    await check();
    expect(between.reads).toEqual([]);
  });
});

describe('the clock of a node', () => {
  test.each([
    ['a second and a half behind', -1_500],
    ['as far ahead as messages live', TTL_MS],
    ['an hour behind', -3_600_000],
    ['an hour ahead', 3_600_000],
  ])('may be %s: nothing is noticed of it', async (_, nodeAhead) => {
    const { clock, between, put, open, check, held, reader } = createLog();
    clock.nodeAhead = nodeAhead;
    pass(nodeAhead);
    const sent = [put(), put()];
    await open();
    expect(reader.locate(sent[0]!)).toBe(1);
    for (let quarter = 0; quarter < 5; quarter += 1) {
      pass(TTL_MS / 4);
      await check();
    }
    sent.push(put());
    between.tell(0);
    expect(between.reads).toEqual([]);
    // Only what the store still keeps is given to those who join.
    expect(held()).toEqual(sent);
    expect(reader.locate(sent[0]!)).toBeUndefined();
    expect(held()).toEqual(sent.slice(2));
    expect(reader.floor).toBe(0);
  });

  test('asks the store to validate a cursor older than the log', async () => {
    const { between, put, open, log, reader, check } = createLog();
    const [first] = [put(), put()];
    await open();
    expect(reader.locate(first!)).toBe(1);
    pass(TTL_MS - 1);
    await check();
    pass(2);
    put();
    between.tell(0);
    expect(reader.locate(first!)).toBeUndefined();
    expect(log.newest(5)).toMatchObject({ position: reader.end - 1 });
  });
});
