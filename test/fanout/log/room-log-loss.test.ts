import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ROOM } from '#test/fanout/fixture.js';
import { advance, createLog, TTL_MS } from './log-harness.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a room log whose store lost its data', () => {
  test('resets to what the store holds', async () => {
    const { store, put, open, check, answer, held, reader } = createLog();
    put();
    await open();
    const { end } = reader;
    store.flush();
    advance(1);
    const sent = [put()];
    await check();
    await answer(2);
    expect(reader.floor).toBeGreaterThan(end);
    expect(held()).toEqual(sent);
  });

  test('resets only once, even if nothing is sent afterwards', async () => {
    const { store, network, put, open, check, answer, held, reader } = createLog();
    put();
    await open();
    store.flush();
    await check();
    await answer(2);
    const { floor } = reader;
    expect(floor).toBeGreaterThan(0);
    expect(held()).toEqual([]);
    for (let time = 0; time < 3; time += 1) {
      advance(TTL_MS);
      await check();
    }
    expect(network.reads).toEqual([]);
    const sent = [put()];
    network.deliver(0);
    await answer();
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(floor);
  });

  test('does not append new messages to those from before the loss', async () => {
    const { store, network, put, open, log, answer, held, reader } = createLog();
    put();
    await open();
    log.catchUp();
    // During the read after the head, the feed delivers one message. The store loses its data with the next
    // one.
    put();
    put();
    store.flush();
    advance(1);
    const sent = [put()];
    network.deliver(0);
    await answer(4);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  test('keeps a message that arrives during the reset', async () => {
    const { store, network, put, open, check, answer, held } = createLog();
    put();
    await open();
    store.flush();
    advance(1);
    await check();
    await answer(1);
    // The store answers the second read with its data from before this message.
    const sent = [put()];
    network.deliver(0);
    network.answer('stale');
    await answer();
    expect(held()).toEqual(sent);
  });

  test('notices the loss by the epoch, even if the store reused the id of the head', async () => {
    const { store, put, open, check, answer, held, reader, network } = createLog();
    const before = put();
    await open();
    store.flush();
    // The clock does not move, so the store reuses the id.
    expect(put()).toBe(before);
    const sent = [before, put()];
    network.published.length = 0;
    await check();
    await answer(2);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  test('resets to older data if the store was restored from a backup', async () => {
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

  test('does not reset if the room was always empty', async () => {
    const { store, network, put, open, check, answer, held, reader } = createLog();
    await open();
    store.flush();
    await check();
    expect(network.reads).toEqual([]);
    const sent = [put()];
    network.deliver(0);
    await answer();
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(0);
  });
});

describe('a room log without a known epoch', () => {
  test('learns it without a reset, because an older server may have written the list', async () => {
    const { store, network, put, open, check, held, reader } = createLog();
    const sent = [store.putAsBefore(ROOM).id];
    await open();
    sent.push(put());
    network.deliver(0);
    await check();
    sent.push(put());
    network.deliver(0);
    expect(network.reads).toEqual([]);
    expect(held()).toEqual(sent);
    // The epoch is known now, so a loss is noticed.
    store.flush();
    advance(1);
    put();
    await check();
    expect(network.reads.length).toBe(1);
    expect(reader.floor).toBe(0);
  });
});

describe('a room log whose room was silent until all its messages expired', () => {
  test('continues without a reset, because nothing was missed', async () => {
    const { network, put, open, held, check, reader } = createLog();
    const sent = [put()];
    await open();
    for (let quarter = 0; quarter < 9; quarter += 1) {
      advance(TTL_MS / 4);
      await check();
    }
    expect(network.reads).toEqual([]);
    sent.push(put());
    network.deliver(0);
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(0);
  });

  test('continues without a reset even if heads were not compared meanwhile', async () => {
    const { network, put, open, held, reader } = createLog();
    const sent = [put()];
    await open();
    advance(10 * TTL_MS);
    sent.push(put());
    network.deliver(0);
    expect(held()).toEqual(sent);
    expect(reader.floor).toBe(0);
  });

  test('opens at the head of the room', async () => {
    const { network, put, open, held, reader } = createLog();
    const last = put();
    advance(2 * TTL_MS);
    await open();
    expect(reader.head).toBe(last);
    expect(reader.locate(last)).toBe(reader.end);
    const sent = [put()];
    network.deliver(0);
    expect(held()).toEqual(sent);
    expect(network.reads).toEqual([]);
  });

  test('resets if it missed a message that has expired', async () => {
    const { network, put, open, answer, held, reader } = createLog();
    put();
    await open();
    put();
    network.published.length = 0;
    advance(TTL_MS + 1);
    const sent = [put()];
    network.deliver(0);
    await answer(2);
    expect(reader.floor).toBeGreaterThan(0);
    expect(held()).toEqual(sent);
  });

  test('continues with a message from an older server, which starts a new list with "0"', async () => {
    const { store, network, put, open, answer, held, reader, reported } = createLog();
    put();
    await open();
    advance(2 * TTL_MS);
    const next = store.putAsBefore(ROOM).id;
    network.deliver(0);
    expect(network.reads.length).toBe(1);
    await answer();
    expect(held().at(-1)).toBe(next);
    expect(reader.floor).toBe(0);
    expect(reported.gaps).toEqual([1]);
  });

  test('resets once if the store has forgotten the room', async () => {
    const { store, put, open, check, answer, reader, network } = createLog();
    put();
    await open();
    advance(2 * TTL_MS);
    store.forgetRoom(ROOM);
    await check();
    await answer(2);
    const { floor } = reader;
    expect(floor).toBeGreaterThan(0);
    await check();
    expect(network.reads).toEqual([]);
  });
});

describe('a room log on a node with a wrong clock', () => {
  test.each([
    ['1.5 seconds behind', -1_500],
    ['ahead by the lifetime of a message', TTL_MS],
    ['one hour behind', -3_600_000],
    ['one hour ahead', 3_600_000],
  ])('works the same if the clock is %s', async (_, nodeAhead) => {
    const { clock, network, put, open, check, held, reader } = createLog();
    clock.nodeAhead = nodeAhead;
    advance(nodeAhead);
    const sent = [put(), put()];
    await open();
    expect(reader.locate(sent[0]!)).toBe(1);
    for (let quarter = 0; quarter < 5; quarter += 1) {
      advance(TTL_MS / 4);
      await check();
    }
    sent.push(put());
    network.deliver(0);
    expect(network.reads).toEqual([]);
    // A new subscription gets only what the store still keeps.
    expect(held()).toEqual(sent);
    expect(reader.locate(sent[0]!)).toBeUndefined();
    expect(held()).toEqual(sent.slice(2));
    expect(reader.floor).toBe(0);
  });

  test('asks the store to validate a cursor older than the log', async () => {
    const { network, put, open, log, reader, check } = createLog();
    const [first] = [put(), put()];
    await open();
    expect(reader.locate(first!)).toBe(1);
    advance(TTL_MS - 1);
    await check();
    advance(2);
    put();
    network.deliver(0);
    expect(reader.locate(first!)).toBeUndefined();
    expect(log.newest(5)).toMatchObject({ position: reader.end - 1 });
  });
});
