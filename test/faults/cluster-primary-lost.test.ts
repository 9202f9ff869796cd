import { expect, test } from 'vitest';
import type { ClusterNode } from '#test/support/cluster.js';
import { allDelivered, startClusterSite } from './cluster-fixture.js';
import { HEAVY, report } from './fixture.js';

/** Longest wait of rooms on shards that nothing happens to, in milliseconds, on a machine that keeps up. */
const UNDISTURBED_MS = 250;

const failures = [
  {
    how: 'killed',
    fail: (primary: ClusterNode) => primary.kill(),
    comeBack: (primary: ClusterNode) => primary.restart(),
  },
  {
    how: 'hung',
    fail: async (primary: ClusterNode) => primary.hang(),
    comeBack: async (primary: ClusterNode) => primary.resume(),
  },
];

test.each(failures)(
  'when a primary is $how, only its own rooms wait until its replica has taken over, and nothing is lost',
  HEAVY,
  async ({ how, fail, comeBack }) => {
    const { cluster, load, shards, rooms } = await startClusterSite({
      nodes: 2,
      roomsPerShard: 20,
      load: { perSecond: 4 },
    });
    const [own = [], ...otherRooms] = rooms;
    const others = otherRooms.flat();
    const { primary, ranges } = shards[0]!;
    load.start();
    await load.untilAccepted(8);
    const usual = load.longestWaitMs();
    // Every accepted message has a copy, since a failover keeps only what was replicated.
    load.measureAnew();

    await fail(primary);
    const promoted = cluster.untilPromoted(primary, ranges[0]![0]);
    await load.untilAccepted(4, others);
    await promoted;
    await load.untilAccepted(4, own);
    const figures = {
      'longest wait of its rooms': `${load.longestWaitMs(own)} ms`,
      'longest wait of others': `${load.longestWaitMs(others)} ms`,
      'longest wait before': `${usual} ms`,
      refusals: JSON.stringify(load.refusals(own)),
    };
    const undisturbed = { waitMs: load.longestWaitMs(others), refusals: load.refusals(others) };
    await comeBack(primary);
    await cluster.untilHealthy();
    await load.stop();

    const counts = await load.count();
    report(`a primary ${how}`, counts, figures);
    expect(counts).toEqual(allDelivered(counts));
    expect(undisturbed.refusals).toEqual({});
    // A busy machine makes everybody wait, before the fault as well.
    expect(undisturbed.waitMs).toBeLessThan(Math.max(UNDISTURBED_MS, usual * 5));
  },
);
