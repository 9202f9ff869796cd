import { expect, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { Crowd } from '#test/support/crowd.js';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

const SIZE = 5_000;

test('5,000 clients that drop at once resume with their cursors and miss nothing', HEAVY, async () => {
  const site = await startSite();
  const node = site.node();
  const sender = site.sender('room1');
  const crowd = new Crowd(node, 'room1', SIZE);
  for (const member of crowd.members) site.add(member);
  const counted = () => connectionCount(node, 'room1');

  await crowd.join();
  await until(async () => (await counted()) === SIZE, {
    what: 'every client to be counted',
    timeout: 20_000,
  });
  await sender.send(10);
  await until(() => crowd.members.every(({ received }) => received.length === 10), {
    what: 'messages to flow',
  });

  crowd.drop();
  await sender.send(10);
  const sends: Promise<unknown>[] = [];
  await crowd.join((count) => {
    if (count % 100 === 0) sends.push(sender.sendOne());
  });
  await Promise.all(sends);
  const counts = await site.count('room1');
  const unexpected = crowd.members.flatMap((member) => member.unexpected);
  report('5,000 back at once', counts, { 'sent before and while they returned': `10 and ${sends.length}` });
  expect(counts).toEqual(nothingLost(71, 71 * SIZE));
  expect(unexpected).toEqual([]);
});
