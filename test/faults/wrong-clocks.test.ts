import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

const SKEWED = pathToFileURL(fileURLToPath(new URL('../support/skewed-clock.mjs', import.meta.url))).href;

/** The lifetime of messages: short enough for the test to see them expire. */
const TTL_MS = 3_000;

test.each([
  ['a second and a half behind', -1_500],
  ['ahead by the lifetime of messages', TTL_MS],
  ['an hour ahead', 3_600_000],
  ['an hour behind', -3_600_000],
])('a node whose clock is %s serves as usual', HEAVY, async (what, skew) => {
  const site = await startSite({
    nodes: 0,
    variables: { HEAD_CHECK_MS: 200, MESSAGE_TTL_SECONDS: TTL_MS / 1_000 },
  });
  await site.addNode({ NODE_OPTIONS: `--import=${SKEWED}`, CLOCK_SKEW_MS: skew });
  await site.addNode();
  const viewers = [0, 1, 0, 1].map((n) => site.viewer('room1', { server: () => site.node(n) }));
  const sender = site.sender('room1');
  await sender.send(20);
  await until(() => viewers.every(({ total }) => total === 20), { what: 'the messages' });

  // All messages expire, and the heads are checked meanwhile.
  await until(async () => (await site.redis.cli('EXISTS', 'messages:room1')) === '0', {
    what: 'the messages to expire',
    timeout: 10_000,
  });
  await sender.send(20);
  await until(() => viewers.every(({ total }) => total === 40), { what: 'the messages after the silence' });

  report(`a clock ${what}`, nothingLost(40, 160));
  expect(new Set(viewers.map((viewer) => viewer.received.join())).size).toBe(1);
  expect(viewers.flatMap(({ refusals }) => [...refusals])).toEqual([]);
  expect(viewers.map(({ subscribes }) => subscribes)).toEqual([1, 1, 1, 1]);
});
