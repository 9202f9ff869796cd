import { expect, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

const variables = { PRESENCE_HEARTBEAT_MS: 500 };

test(
  'when three of four nodes end by SIGTERM under load, their clients move and miss nothing',
  HEAVY,
  async () => {
    const site = await startSite({ nodes: 4, variables });
    const viewers = Array.from({ length: 12 }, () => site.viewer('room1'));
    const senders = [site.sender('room1'), site.sender('room1')];
    for (const sender of senders) sender.start(200);

    const exits: (number | null)[] = [];
    for (const node of site.nodes.slice(0, 3)) {
      const before = viewers.map(({ total }) => total);
      await until(() => viewers.every(({ total }, index) => total > before[index]! + 50), {
        what: 'messages to reach every viewer',
      });
      node.signal('SIGTERM');
      exits.push(await node.exited);
    }
    for (const sender of senders) await sender.stop();

    const counts = await site.count('room1');
    const subscribes = viewers.reduce((sum, viewer) => sum + viewer.subscribes, 0);
    report('rolling SIGTERM', counts, { exits, subscribes });
    expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
    expect(exits).toEqual([0, 0, 0]);
    const counted = () => connectionCount(site.node(), 'room1');
    await until(async () => (await counted()) === 12, {
      what: 'exactly the remaining viewers to be counted',
    });
  },
);

test('after SIGKILL of a node, its clients move to another node, which sweeps its connections', async () => {
  const site = await startSite({ nodes: 2, variables });
  const viewers = Array.from({ length: 10 }, () => site.viewer('room1'));
  const [killed, left] = site.nodes;
  const counted = () => connectionCount(left!, 'room1');
  await until(async () => (await counted()) === 10, { what: 'every viewer to be counted' });
  const sender = site.sender('room1');
  sender.start(200);
  await until(() => viewers.every(({ total }) => total > 50), { what: 'messages to reach every viewer' });

  killed!.signal('SIGKILL');
  await killed!.exited;
  const members = async () => (await site.redis.cli('SMEMBERS', 'connections:room1')).split('\n');
  const nodes = async () => new Set((await members()).map((member) => member.split(':')[0]));
  await until(async () => (await nodes()).size === 1 && (await counted()) === 10, {
    what: 'the dead node to be swept and its clients to be counted again',
  });
  await sender.stop();

  const counts = await site.count('room1');
  report('SIGKILL of a node', counts);
  expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
});
