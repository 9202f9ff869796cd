import { expect, test } from 'vitest';
import { GAP, Ledger } from '#test/support/ledger.js';
import type { ResumingViewer } from '#test/support/resuming-viewer.js';
import { until } from '#test/support/until.js';
import { startClusterSite } from './cluster-fixture.js';
import { HEAVY, nothingLost, report } from './fixture.js';

test(
  'when a replica that is behind takes over, only viewers who saw what it lacks are told of a gap, once',
  HEAVY,
  async () => {
    const { cluster, site, load, shards, rooms } = await startClusterSite({
      nodes: 2,
      roomsPerShard: 2,
      load: { perSecond: 20, viewers: 2 },
    });
    const { primary, replicas, ranges } = shards[0]!;
    const [[losing, complete] = [], ...others] = rooms;
    const sender = load.senders.get(losing!)!;
    const viewersOf = (roomId: string) => load.viewers.filter((viewer) => viewer.roomId === roomId);
    for (const each of load.senders.values()) await each.send(20);
    await until(() => load.viewers.every(({ total }) => total === 20), { what: 'the first messages' });
    const inStep = () => replicas[0]!.cli('INFO', 'replication');
    await until(async () => offsetOf(await inStep()) === offsetOf(await primary.cli('INFO', 'replication')), {
      what: 'the replica to be in step',
    });
    const kept = viewersOf(losing!)[0]!.cursor!;

    await cluster.cutOff(replicas[0]!, primary);
    await sender.send(10);
    await until(() => viewersOf(losing!).every(({ total }) => total === 30), { what: 'ten more messages' });
    const before = new Ledger();
    await site.audit(losing!, before);
    expect(before.counts).toEqual(nothingLost(30, 60));
    await primary.kill();
    replicas[0]!.resume();
    await cluster.untilPromoted(primary, ranges[0]![0]);
    load.measureAnew();
    const firsts = await Promise.all([...load.senders.values()].map((each) => each.sendOne()));
    const newestOf = (roomId: string) => firsts[load.roomIds.indexOf(roomId)]!.id;
    const areThere = (viewers: readonly ResumingViewer[]) =>
      until(() => viewers.every(({ roomId, cursor }) => cursor === newestOf(roomId)), {
        what: 'the next message to reach every viewer',
      });
    await areThere(load.viewers);
    // A viewer that left before the loss has missed nothing.
    const returned = site.viewer(losing!, { after: kept });
    await areThere([returned]);

    const gaps = (roomId: string) =>
      viewersOf(roomId).map(({ received }) => received.filter((id) => id === GAP).length);
    expect(gaps(losing!)).toEqual([1, 1]);
    expect(returned.refusals.has('CURSOR_EXPIRED')).toBe(false);
    for (const roomId of [complete!, ...others.flat()]) expect(gaps(roomId)).toEqual([0, 0]);
    const { received, ...counts } = await site.count(losing!);
    report(
      'a lagging replica promoted',
      { received, ...counts },
      { 'lost by Redis, with a gap reported': 10 },
    );
    expect(counts).toEqual({ sent: 2, lost: 0, duplicated: 0, outOfOrder: 0, unknown: 0 });
  },
);

function offsetOf(info: string): string | undefined {
  return /(?:slave_repl_offset|master_repl_offset):(\d+)/.exec(info)?.[1];
}
