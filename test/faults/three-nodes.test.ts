import { expect, test } from 'vitest';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

test(
  'with senders on three nodes, every viewer receives each message once and in the same order',
  HEAVY,
  async () => {
    const site = await startSite({ nodes: 3 });
    const viewers = site.nodes.flatMap((node) =>
      Array.from({ length: 4 }, () => site.viewer('room1', { server: () => node })),
    );
    const senders = site.nodes.flatMap((node) =>
      Array.from({ length: 2 }, () => site.sender('room1', { servers: () => [node] })),
    );
    await Promise.all(senders.map((sender) => sender.send(500)));

    await until(() => viewers.every(({ total }) => total === 3_000), { what: 'all to be received' });
    const orders = new Set(viewers.map(({ received }) => received.join()));
    const counts = await site.count('room1');
    report('three nodes', counts, { orders: orders.size });
    expect(counts).toEqual(nothingLost(3_001, 3_001 * viewers.length));
    expect(orders.size).toBe(1);
  },
);
