import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { RoomLog, type RoomLogOptions } from '#fanout/log/room-log.js';
import { ROOM } from '#test/fanout/fixture.js';
import { UnreliableStore } from '#test/fanout/unreliable-store.js';
import { MemoryStore } from '#test/support/memory-store.js';

export const TTL_MS = 60_000;

/** Lets time pass, for all clocks. */
export const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** A log between a store and its readers, and what it reports. */
export function createLog({
  historyLimit = 100,
  ...options
}: Partial<RoomLogOptions> & { historyLimit?: number } = {}) {
  // Its clock is the store's; what a test does to Date.now alone, it does to the node's clock.
  const clock = { ahead: 0 };
  const store = new MemoryStore({ historyLimit, ttlMs: TTL_MS, now: () => Date.now() + clock.ahead });
  const between = new UnreliableStore(store);
  const told = { gaps: [] as number[], troubles: [] as unknown[] };
  const log = new RoomLog(
    ROOM,
    { repository: between, feed: between, capacity: 8, pageSize: 3, ttlMs: TTL_MS, ...options },
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
  const check = async () => log.check((await store.lastMessages([ROOM]))[0] ?? null, Date.now());
  return {
    store,
    between,
    log,
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
    held: () => Array.from({ length: log.end - log.start }, (_, index) => log.at(log.start + index)!.id),
  };
}
