import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { RoomLog, type RoomLogOptions } from '#fanout/log/room-log.js';
import type { LogReader } from '#fanout/log/tail.js';
import { ROOM } from '#test/fanout/fixture.js';
import { UnreliableStore } from '#test/fanout/unreliable-store.js';
import { MemoryStore } from '#test/support/memory-store.js';

export const TTL_MS = 60_000;

/** The ids of the entries that a log holds. */
export function idsIn(reader: LogReader): string[] {
  const { start, end } = reader;
  return Array.from({ length: end - start }, (_, index) => reader.at(start + index)!.id);
}

/** Lets time pass, for all clocks. */
export const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** A log between a store and its readers, and what it reports. */
export function createLog({
  historyLimit = 100,
  ...options
}: Partial<RoomLogOptions> & { historyLimit?: number } = {}) {
  const clock = { nodeAhead: 0 };
  const store = new MemoryStore({ historyLimit, ttlMs: TTL_MS, now: () => Date.now() - clock.nodeAhead });
  const between = new UnreliableStore(store);
  const told = { gaps: [] as number[], troubles: [] as unknown[] };
  const log = new RoomLog(
    ROOM,
    {
      eventLog: between,
      feed: between,
      capacity: 8,
      pageSize: 3,
      ttlMs: TTL_MS,
      // A clock that nobody sets: what a test does to the node's own has no part in it.
      elapsed: () => Date.now() - clock.nodeAhead,
      ...options,
    },
    {
      onChange: () => undefined,
      onGapFilled: (messages) => void told.gaps.push(messages),
      onTrouble: (error) => void told.troubles.push(error),
      onFailed: () => undefined,
    },
  );
  const answer = async (reads = 1) => {
    for (let read = 0; read < reads; read += 1) {
      await nextTurn();
      expect(between.reads.length, 'a read is under way').toBeGreaterThan(0);
      between.answer('now');
      await nextTurn();
    }
  };
  const check = async () => log.check((await store.heads([ROOM]))[0]!);
  return {
    store,
    between,
    log,
    reader: log.reader,
    told,
    answer,
    check,
    clock,
    put: () => store.put(ROOM).id,
    open: async () => {
      const opening = log.open();
      await answer();
      await opening;
    },
    /** The ids that it holds. */
    held: () => idsIn(log.reader),
  };
}
