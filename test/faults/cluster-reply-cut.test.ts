import { expect, onTestFinished, test } from 'vitest';
import { Cluster } from '#test/support/cluster.js';
import { until } from '#test/support/until.js';
import { REDIS_TIMEOUT_MS, startProxies } from './cluster-fixture.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

test(
  'a message whose answer was cut after it was stored is stored once, however often it is repeated',
  HEAVY,
  async () => {
    const cluster = await Cluster.start();
    onTestFinished(() => cluster.close());
    const [shard] = await cluster.shards();
    const { proxies, variables } = await startProxies([shard!.primary]);
    const [proxy] = proxies;
    const site = await startSite({ cluster, variables: { ...variables, REDIS_TIMEOUT_MS } });
    const roomId = cluster.roomsOn(shard!, 1)[0]!;
    const stored = async () =>
      Number(await cluster.cliFor(`messages:${roomId}`, 'LLEN', `messages:${roomId}`));
    const viewer = site.viewer(roomId);
    const sender = site.sender(roomId);
    await sender.sendOne();

    for (let round = 1; round <= 5; round += 1) {
      const before = await stored();
      proxy!.loseReplies();
      const sent = sender.sendOne();
      await until(async () => (await stored()) > before, { what: 'the message to be stored' });
      proxy!.cut();
      await sent;
      await until(() => viewer.total > before, { what: 'the viewer to receive it' });
    }

    const counts = await site.count(roomId);
    report('answers cut', counts, { 'sends repeated': JSON.stringify([...sender.refusals]) });
    expect(counts).toEqual(nothingLost(7, 7));
    expect(await stored()).toBe(7);
    expect(sender.refusals.get('SERVICE_UNAVAILABLE')).toBeGreaterThanOrEqual(5);
  },
);
