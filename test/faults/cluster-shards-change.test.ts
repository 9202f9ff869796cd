import { expect, test } from 'vitest';
import { readiness } from '#test/support/ask.js';
import { slotOf } from '#test/support/key-slot.js';
import { until } from '#test/support/until.js';
import { allDelivered, startClusterSite } from './cluster-fixture.js';
import { HEAVY, report } from './fixture.js';

test(
  'a shard that is added under load takes over rooms and gives them back when it is removed, without a loss',
  HEAVY,
  async () => {
    const { cluster, site, load, shards, rooms } = await startClusterSite({
      nodes: 2,
      roomsPerShard: 8,
      load: { perSecond: 8 },
    });
    load.start();
    await load.untilAccepted(8);

    const added = await cluster.addShard();
    for (const [index, { primary }] of shards.entries()) {
      const slots = rooms[index]!.slice(0, 4).map((roomId) => slotOf(`messages:${roomId}`));
      await cluster.moveSlots({ from: primary, to: added, slots });
    }
    await cluster.untilHealthy();
    expect(await cluster.shards()).toHaveLength(4);
    await load.untilAccepted(8);

    await cluster.removeShard(added);
    await cluster.untilHealthy();
    await load.untilAccepted(8);
    await load.stop();

    const counts = await load.count();
    report('a shard added and removed', counts, {
      'longest wait': `${load.longestWaitMs()} ms`,
      refusals: JSON.stringify(load.refusals()),
    });
    expect(counts).toEqual(allDelivered(counts));
    // Nobody waits for the servers that are gone.
    for (const node of site.nodes) {
      await until(async () => (await readiness(node)) === 200, { what: 'the node to be ready' });
    }
  },
);
