import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { Retractions } from '#fanout/log/retractions.js';
import { RoomLog } from '#fanout/log/room-log.js';
import type { RoomLogOptions } from '#fanout/log/room-log-options.js';
import type { LogReader } from '#fanout/log/tail.js';
import { ROOM } from '#test/fanout/fixture.js';
import { UnreliableNetwork } from '#test/fanout/unreliable-network.js';
import { MemoryStore } from '#test/support/memory-store.js';

export const TTL_MS = 60_000;

/** Returns the ids of the entries that a log holds. */
export function idsIn(reader: LogReader): string[] {
  const { start, end } = reader;
  return Array.from({ length: end - start }, (_, index) => reader.at(start + index)!.id);
}

/** Moves all clocks forward. */
export const advance = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** Creates a log on an in-memory store behind an unreliable network, and records what it reports. */
export function createLog({
  historyLimit = 100,
  ...options
}: Partial<RoomLogOptions> & { historyLimit?: number } = {}) {
  const clock = { nodeAhead: 0 };
  const store = new MemoryStore({ historyLimit, ttlMs: TTL_MS, now: () => Date.now() - clock.nodeAhead });
  const network = new UnreliableNetwork(store);
  const reported = { gaps: [] as number[], troubles: [] as unknown[] };
  const log = new RoomLog(
    ROOM,
    {
      eventLog: network,
      feed: network,
      capacity: 8,
      pageSize: 3,
      ttlMs: TTL_MS,
      retractions: new Retractions(),
      // A monotonic clock, which does not change when a test sets the node's clock.
      elapsed: () => Date.now() - clock.nodeAhead,
      ...options,
    },
    {
      onChange: () => undefined,
      onGapFilled: (messages) => void reported.gaps.push(messages),
      onTrouble: (error) => void reported.troubles.push(error),
      onFailed: () => undefined,
      onRetracted: () => undefined,
    },
  );
  /** Answers this many reads. */
  const answer = async (reads = 1) => {
    for (let read = 0; read < reads; read += 1) {
      await nextTurn();
      expect(network.reads.length, 'a read is waiting').toBeGreaterThan(0);
      network.answer('fresh');
      await nextTurn();
    }
  };
  const check = async () => log.check((await store.heads([ROOM]))[0]!);
  return {
    store,
    network,
    log,
    reader: log.reader,
    reported,
    answer,
    check,
    clock,
    put: () => store.put(ROOM).id,
    open: async () => {
      const opening = log.open();
      await answer();
      await opening;
    },
    /** The ids of the entries that the log holds. */
    held: () => idsIn(log.reader),
  };
}
