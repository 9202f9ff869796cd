import { expect, test } from 'vitest';
import { slotOf } from '#test/support/key-slot.js';
import { findValkey } from '#test/support/programs.js';
import { allDelivered, startClusterSite } from './cluster-fixture.js';
import { HEAVY, report } from './fixture.js';

const MOVED_SLOTS = 1_500;

const valkey = findValkey();

/** Valkey 9.1 moves whole ranges at once. scripts/ensure-test-servers.mjs installs it. */
const ways = [
  { how: 'one by one', by: 'keys', isInstalled: true, cluster: {} },
  {
    how: 'as ranges on Valkey 9.1',
    by: 'slots',
    isInstalled: valkey !== undefined,
    cluster: { ...(valkey && { program: valkey }) },
  },
] as const;

for (const { how, by, isInstalled, cluster: options } of ways) {
  test.skipIf(!isInstalled)(
    `while 1,500 slots move ${how} under load, nothing is lost, duplicated or out of order`,
    HEAVY,
    async () => {
      const { cluster, load, shards, rooms } = await startClusterSite({
        cluster: options,
        nodes: 2,
        roomsPerShard: 12,
        load: { perSecond: 8, viewers: 2 },
      });
      const [from, to] = shards;
      load.start();
      await load.untilAccepted(8);

      // Every room of the shard moves, among slots that are empty.
      const ofRooms = rooms[0]!.map((roomId) => slotOf(`messages:${roomId}`));
      const others = Array.from({ length: 5_461 }, (_, slot) => slot).filter(
        (slot) => !ofRooms.includes(slot),
      );
      const every = Math.floor(MOVED_SLOTS / ofRooms.length);
      const slots = others.slice(0, MOVED_SLOTS - ofRooms.length);
      for (const [index, slot] of ofRooms.entries()) slots.splice(index * every, 0, slot);
      const start = performance.now();
      const moved = await cluster.moveSlots({ from: from!.primary, to: to!.primary, slots, by });
      const tookMs = Math.round(performance.now() - start);
      await load.untilAccepted(8);
      await load.stop();

      const counts = await load.count();
      report(`resharded ${how}`, counts, {
        'slots moved': moved,
        'in ms': tookMs,
        'longest wait': `${load.longestWaitMs()} ms`,
        refusals: JSON.stringify(load.refusals()),
      });
      expect(moved).toBe(MOVED_SLOTS);
      for (const roomId of rooms[0]!) {
        expect((await cluster.shardOf(`messages:${roomId}`)).primary.id).toBe(to!.primary.id);
      }
      expect(counts).toEqual(allDelivered(counts, 2));
    },
  );
}
