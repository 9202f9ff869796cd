import { expect, onTestFinished, test } from 'vitest';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { clean, HEAVY, report, startSite } from './fixture.js';

test(
  '6. the pub/sub connection killed again and again at 1,000 messages a second: nothing is lost',
  HEAVY,
  async () => {
    const site = await startSite();
    const viewers = Array.from({ length: 10 }, () => site.viewer('room1'));
    const sender = site.sender('room1');
    sender.talk(1_000);

    const kill = async () => Number(await site.redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    let killed = 0;
    for (let round = 0; round < 20; round += 1) {
      const before = sender.total;
      await until(() => sender.total >= before + 100, { what: 'a hundred more messages' });
      killed += await until(kill, { what: 'a connection to kill' });
    }
    await sender.hush();

    const counts = await site.count('room1');
    report('6. pub/sub connection killed', counts, { kills: killed });
    expect(counts).toEqual(clean(counts.sent, counts.sent * viewers.length));
    expect(killed).toBeGreaterThanOrEqual(20);
    expect(viewers.map(({ subscribes }) => subscribes)).toEqual(viewers.map(() => 1));
  },
);

test('6. the pub/sub connection dead without a word: the look at the heads finds what it does not tell', async () => {
  const site = await startSite({ nodes: 0 });
  const network = await TcpProxy.start(() => site.redis.port);
  onTestFinished(() => network.close());
  const variables = { REDIS_TIMEOUT_MS: 500, HEAD_CHECK_MS: 300 };
  await site.addNode({ REDIS_URL: site.redis.urlAt(network.port), ...variables });
  const viewers = Array.from({ length: 5 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  await sender.say(50);
  await until(() => viewers.every(({ total }) => total === 50), { what: 'the first messages' });
  const subscriber = () => site.redis.cli('CLIENT', 'LIST', 'TYPE', 'pubsub');
  const before = (await subscriber()).split(' ')[0];

  // Both connections: that for commands is asked something at once, and made anew soon.
  network.stall();
  await sender.say(50);
  await until(() => viewers.every(({ total }) => total === 100), { what: 'what nobody was told of' });
  const after = (await subscriber()).split(' ')[0];

  const counts = await site.count('room1');
  report('6. pub/sub dead without a word', counts, { 'found before it was made anew': before === after });
  expect(counts).toEqual(clean(101, 101 * viewers.length));
});
