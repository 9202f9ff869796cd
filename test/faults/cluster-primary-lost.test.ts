import { expect, test } from 'vitest';
import type { Shard } from '#test/support/cluster.js';
import { allDelivered, startClusterSite } from './cluster-fixture.js';
import { HEAVY, report } from './fixture.js';

/** So long that only the hung server does not answer in time, even on a busy machine. */
const REDIS_TIMEOUT_MS = 4_000;

const failures = [
  {
    how: 'killed',
    fail: ({ primary }: Shard) => primary.kill(),
    comeBack: ({ primary }: Shard) => primary.restart(),
  },
  {
    how: 'hung',
    fail: async ({ primary }: Shard) => primary.hang(),
    comeBack: async ({ primary }: Shard) => primary.resume(),
  },
  {
    how: 'replaced on request',
    fail: async ({ replicas }: Shard) => void (await replicas[0]!.cli('CLUSTER', 'FAILOVER')),
    comeBack: async () => undefined,
  },
];

test.each(failures)(
  'when a primary is $how, only its own rooms wait until its replica has taken over, and nothing is lost',
  HEAVY,
  async ({ how, fail, comeBack }) => {
    const { cluster, load, shards, rooms } = await startClusterSite({
      nodes: 2,
      // A failover keeps what was replicated, and afterwards a replica is left.
      cluster: { replicas: 2 },
      variables: { DURABILITY: 'replicated', REDIS_TIMEOUT_MS },
      roomsPerShard: 20,
      load: { perSecond: 4 },
    });
    const [own = [], ...otherRooms] = rooms;
    const others = otherRooms.flat();
    const { primary, ranges } = shards[0]!;
    load.start();
    await load.untilAccepted(8);
    const usual = load.longestWaitMs();
    load.measureAnew();

    await fail(shards[0]!);
    await Promise.all([cluster.untilPromoted(primary, ranges[0]![0]), load.untilAccepted(4, others)]);
    await load.untilAccepted(4, own);
    const figures = {
      'longest wait of its rooms': `${load.longestWaitMs(own)} ms`,
      'longest wait of others': `${load.longestWaitMs(others)} ms`,
      'longest wait before': `${usual} ms`,
      refusals: JSON.stringify(load.refusals(own)),
    };
    const refusals = { own: load.refusals(own), others: load.refusals(others) };
    await comeBack(shards[0]!);
    await cluster.untilHealthy();
    const untilHealthyMs = load.longestWaitMs(others);
    await load.stop();

    const counts = await load.count();
    report(`a primary ${how}`, counts, { ...figures, 'others until all is well': `${untilHealthyMs} ms` });
    expect(counts).toEqual(allDelivered(counts));
    // How long they waited is a figure of the machine: see `npm run soak -- --cluster`.
    expect(refusals.others).toEqual({});
    expect(Object.keys(refusals.own).filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
  },
);
