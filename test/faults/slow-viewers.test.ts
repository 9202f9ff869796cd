import { expect, onTestFinished, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { Member } from '#test/support/crowd.js';
import { addressesOf } from '#test/support/server.js';
import { TcpProxy } from '#test/support/tcp-proxy.js';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

const MEGABYTE = 1024 * 1024;
const MESSAGES = 3_000;
/** With this selection a message is about 8 kB, so that all of them far exceed a socket and the log. */
const WIDE = `subscription ($roomId: ID!, $after: ID) {
  messageAdded(roomId: $roomId, after: $after) { id ${Array.from({ length: 15 }, (_, i) => `c${i}: content`).join(' ')} }
}`;

test('slow and stalled viewers cost no memory and miss nothing', HEAVY, async () => {
  const site = await startSite();
  const node = site.node();
  const sender = site.sender('room1', { length: 500 });
  const healthy = Array.from({ length: 3 }, () => site.viewer('room1'));
  const stalled = Array.from({ length: 20 }, (_, index) =>
    site.add(new Member(`stalled ${index}`, 'room1', () => node, WIDE)),
  );
  const slow = site.add(new Member('slow', 'room1', () => node, WIDE));
  const behind = [...stalled, slow];
  await Promise.all(behind.map((member) => member.join()));
  await sender.send(100);
  await until(() => behind.every(({ received }) => received.length === 100), {
    what: 'every viewer to subscribe',
  });

  const before = await site.holdings(node);
  for (const member of behind) member.pause();
  const reading = setInterval(() => slow.readOnce(), 25);
  onTestFinished(() => clearInterval(reading));
  await sender.send(MESSAGES);
  await until(() => healthy.every(({ total }) => total === MESSAGES + 100), {
    what: 'the healthy viewers to receive everything',
  });
  const after = await site.holdings(node);
  const grown = after.heapUsed + after.external - before.heapUsed - before.external;
  const slowHad = slow.received.length - 100;

  for (const member of stalled) member.resume();
  const counts = await site.count('room1');
  report('slow and stalled', counts, {
    'the slow one had': slowHad,
    'the node grew by, in MB': (grown / MEGABYTE).toFixed(1),
  });
  const sent = MESSAGES + 101;
  expect(counts).toEqual(nothingLost(sent, sent * (healthy.length + behind.length)));
  expect(behind.flatMap(({ unexpected }) => unexpected)).toEqual([]);
  // Queues would hold 24 MB per viewer, 480 MB in total.
  expect(grown).toBeLessThan(100 * MEGABYTE);
});

test('stalled and half-open viewers are disconnected and no longer counted, and miss nothing when they return', async () => {
  const site = await startSite({ variables: { HEARTBEAT_MS: 1_000, PRESENCE_HEARTBEAT_MS: 500 } });
  const node = site.node();
  const network = await TcpProxy.start(() => Number(new URL(node.origin).port));
  onTestFinished(() => network.close());
  const healthy = Array.from({ length: 3 }, () => site.viewer('room1'));
  const halfOpen = Array.from({ length: 3 }, () =>
    site.viewer('room1', { server: () => ({ ...node, ...addressesOf(network.port) }), pingMs: 1_000 }),
  );
  const stalled = Array.from({ length: 3 }, (_, index) =>
    site.add(new Member(`stalled ${index}`, 'room1', () => node)),
  );
  await Promise.all(stalled.map((member) => member.join()));
  const sender = site.sender('room1');
  sender.start(100);
  const viewers = [...healthy, ...halfOpen];
  await until(() => viewers.every(({ total }) => total > 20), { what: 'messages to flow' });
  expect(await connectionCount(node, 'room1')).toBe(9);

  for (const member of stalled) member.pause();
  network.stall();
  await until(() => halfOpen.every(({ subscribes }) => subscribes > 1), {
    what: 'the half-open viewers to be back',
  });
  await until(async () => (await connectionCount(node, 'room1')) === 6, {
    what: 'the stalled and half-open connections to be no longer counted',
  });
  for (const member of stalled) member.resume();
  await until(() => stalled.every(({ connected }) => !connected), {
    what: 'the stalled viewers to see the disconnect',
  });
  await Promise.all(stalled.map((member) => member.join()));
  await sender.stop();

  const counts = await site.count('room1');
  report('stalled and half-open', counts);
  expect(counts).toEqual(nothingLost(counts.sent, counts.sent * 9));
});
