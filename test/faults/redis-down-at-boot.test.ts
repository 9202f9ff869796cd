import { expect, onTestFinished, test } from 'vitest';
import { readiness, send } from '#test/support/ask.js';
import { startRedis } from '#test/support/redis-server.js';
import { until } from '#test/support/until.js';
import { nothingLost, report, startSite } from './fixture.js';

test('a node that starts while Redis is down answers SERVICE_UNAVAILABLE, and serves once Redis is up', async () => {
  const site = await startSite({ nodes: 0, variables: { REDIS_TIMEOUT_MS: 500 } });
  await site.redis.kill();
  const node = await site.addNode();

  expect((await fetch(`${node.origin}/health/live`)).status).toBe(200);
  expect(await readiness(node)).toBe(503);
  expect(await send(node, 'room1', 'early')).toBe('SERVICE_UNAVAILABLE');
  const viewer = site.viewer('room1');
  const sender = site.sender('room1');
  const said = sender.send(20);
  const both = () => [viewer, sender].every(({ refusals }) => refusals.has('SERVICE_UNAVAILABLE'));
  await until(both, { what: 'a subscription and a send to be refused' });

  await site.redis.restart();
  await until(async () => (await readiness(node)) === 200, { what: 'the node to be ready' });
  await said;
  const counts = await site.count('room1');
  report('Redis down at boot', counts);
  expect(counts).toEqual(nothingLost(21, 21));
});

test('a node that starts while Redis is down and another port hangs serves once Redis is up', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.close());
  redis.hang();
  const site = await startSite({ nodes: 0, variables: { REDIS_TIMEOUT_MS: 500, REDIS_URL: redis.url } });
  const node = await site.addNode();
  expect(await readiness(node)).toBe(503);
  redis.resume();
  await until(async () => (await readiness(node)) === 200, { what: 'the node to be ready' });
});
