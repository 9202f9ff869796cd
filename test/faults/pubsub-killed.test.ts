import { expect, onTestFinished, test } from 'vitest';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

test(
  'nothing is lost at 1,000 messages per second while the pub/sub connection is killed repeatedly',
  HEAVY,
  async () => {
    const site = await startSite();
    const viewers = Array.from({ length: 10 }, () => site.viewer('room1'));
    const sender = site.sender('room1');
    sender.start(1_000);

    const kill = async () => Number(await site.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    let killed = 0;
    for (let round = 0; round < 20; round += 1) {
      const before = sender.total;
      await until(() => sender.total >= before + 100, { what: 'a hundred more messages' });
      killed += await until(kill, { what: 'a connection to kill' });
    }
    await sender.stop();

    const counts = await site.count('room1');
    report('pub/sub connection killed', counts, { kills: killed });
    expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
    expect(killed).toBeGreaterThanOrEqual(20);
    expect(viewers.map(({ subscribes }) => subscribes)).toEqual(viewers.map(() => 1));
  },
);

test('when the pub/sub connection hangs, the check of the heads finds the missed messages', async () => {
  const site = await startSite({ nodes: 0 });
  const network = await TcpProxy.start(() => site.redis.port);
  onTestFinished(() => network.close());
  const variables = { REDIS_TIMEOUT_MS: 500, HEAD_CHECK_MS: 300 };
  await site.addNode({ REDIS_URL: site.redis.urlAt(network.port), ...variables });
  const viewers = Array.from({ length: 5 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  await sender.send(50);
  await until(() => viewers.every(({ total }) => total === 50), { what: 'the first messages' });
  const subscriber = () => site.redis.cli('CLIENT', 'LIST', 'TYPE', 'pubsub');
  const before = (await subscriber()).split(' ')[0];

  // Both connections stall. The command connection notices at once, because it is used, and reconnects soon.
  network.stall();
  await sender.send(50);
  await until(() => viewers.every(({ total }) => total === 100), {
    what: 'the messages that were not delivered by pub/sub',
  });
  const after = (await subscriber()).split(' ')[0];

  const counts = await site.count('room1');
  report('pub/sub connection hung', counts, { 'found before it reconnected': before === after });
  expect(counts).toEqual(nothingLost(101, 101 * viewers.length));
});
