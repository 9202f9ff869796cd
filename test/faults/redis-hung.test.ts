import { expect, test } from 'vitest';
import { ask, readiness, send } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

test('while Redis hangs, nothing waits forever and the node is not ready; afterwards nothing is lost', async () => {
  const site = await startSite({ redis: { appendonly: true }, variables: { REDIS_TIMEOUT_MS: 500 } });
  const node = site.node();
  const viewers = Array.from({ length: 3 }, () => site.viewer('room1'));
  const sender = site.sender('room1');
  sender.start(200);

  for (let round = 1; round <= 2; round += 1) {
    const before = sender.total;
    await until(() => sender.total > before + 50, { what: 'sends to be accepted' });
    site.redis.hang();
    const newcomer = site.viewer(`other${round}`);
    await until(async () => (await readiness(node)) === 503, { what: 'the node not to be ready' });
    expect(await ask(node, { query: '{ messages(roomId: "room1") { nodes { id } } }' })).toBe(
      'SERVICE_UNAVAILABLE',
    );
    expect(await send(node, 'other', 'while it hangs')).toBe('SERVICE_UNAVAILABLE');
    await until(() => newcomer.refusals.has('SERVICE_UNAVAILABLE'), { what: 'a newcomer to be refused' });
    expect((await fetch(`${node.origin}/health/live`)).status).toBe(200);
    site.redis.resume();
    await until(async () => (await readiness(node)) === 200, { what: 'the node to be ready again' });
  }
  await sender.stop();

  const counts = await site.count('room1');
  report('Redis hung twice', counts, {
    'sends repeated': [...sender.refusals].join(' '),
  });
  expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
});
