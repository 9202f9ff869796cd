import { expect, test } from 'vitest';
import { readiness } from '#test/support/ask.js';
import type { ResumingViewer } from '#test/support/resuming-viewer.js';
import type { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { allDelivered, startClusterSite, startProxies } from './cluster-fixture.js';
import { HEAVY, report } from './fixture.js';

/** A node whose connections are half-open notices that, and connects again by itself. */
const partitions = [
  { how: 'cannot reach a shard', part: (proxy: TcpProxy) => proxy.refuse(), isLasting: true },
  {
    how: 'has only half-open connections to a shard',
    part: (proxy: TcpProxy) => proxy.stall(),
    isLasting: false,
  },
];

test.each(partitions)(
  'when a node $how, its other rooms go on, and its viewers catch up afterwards',
  HEAVY,
  async ({ how, part, isLasting }) => {
    const { site, load, shards, rooms } = await startClusterSite({
      nodes: 1,
      roomsPerShard: 6,
      load: { perSecond: 8 },
      // So long that only the shard that is cut off does not answer in time, even on a busy machine.
      variables: { REDIS_TIMEOUT_MS: 3_000 },
    });
    const { primary, replicas } = shards[0]!;
    const [own = [], ...otherRooms] = rooms;
    const others = otherRooms.flat();
    const { proxies, variables } = await startProxies([primary, ...replicas]);
    // These viewers stay on the node that is cut off. Senders use both in turn, so that there is something to miss.
    const parted = await site.addNode({ ...variables, PRESENCE_HEARTBEAT_MS: 500 });
    await until(async () => (await readiness(parted)) === 200, { what: 'the node to be ready' });
    const watching = [...own, ...others].map((roomId) => site.viewer(roomId, { server: () => parted }));
    const [ownViewers, otherViewers] = [watching.slice(0, own.length), watching.slice(own.length)];
    load.start();
    await until(() => watching.every(({ total }) => total > 5), { what: 'messages to flow' });

    for (const proxy of proxies) part(proxy);
    await load.untilAccepted(8, others);
    const total = otherViewers.map((viewer) => viewer.total);
    await until(() => otherViewers.every((viewer, index) => viewer.total > total[index]! + 8), {
      what: 'rooms of other shards to go on',
    });
    expect(otherViewers.map(({ refusals }) => refusals.size)).toEqual(otherViewers.map(() => 0));
    if (isLasting) {
      const isBehind = (viewer: ResumingViewer) => load.senders.get(viewer.roomId)!.total > viewer.total + 2;
      await until(() => ownViewers.every(isBehind), { what: 'the viewers to have something to miss' });
    }
    for (const proxy of proxies) proxy.restore();
    const sent = own.map((roomId) => load.senders.get(roomId)!.total);
    await until(() => ownViewers.every((viewer, index) => viewer.total > sent[index]!), {
      what: 'the viewers to catch up',
    });
    await load.stop();

    const counts = await load.count();
    report(`a node ${how}`, counts, {
      refusals: JSON.stringify(load.refusals()),
    });
    expect(counts).toEqual(allDelivered(counts, 2));
  },
);
