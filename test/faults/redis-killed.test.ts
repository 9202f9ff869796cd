import { expect, test } from 'vitest';
import { until } from '#test/support/until.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

/** Let unanswered commands fail soon, to keep the tests short. */
const REDIS_TIMEOUT_MS = 500;

test(
  'nothing is lost or duplicated when Redis is killed and restarted with its data under load',
  HEAVY,
  async () => {
    const site = await startSite({ nodes: 2, redis: { appendonly: true }, variables: { REDIS_TIMEOUT_MS } });
    const viewers = Array.from({ length: 6 }, () => site.viewer('room1'));
    const senders = [site.sender('room1'), site.sender('room1')];
    for (const sender of senders) sender.start(200);

    for (let kill = 1; kill <= 3; kill += 1) {
      const before = viewers[0]!.total;
      await until(() => viewers.every(({ total }) => total > before + 50), { what: 'messages to flow' });
      await site.redis.kill();
      const refused = () =>
        senders.every(({ refusals }) => (refusals.get('SERVICE_UNAVAILABLE') ?? 0) >= kill);
      await until(refused, { what: 'a send to be refused' });
      await site.redis.restart();
    }
    for (const sender of senders) await sender.stop();

    const counts = await site.count('room1');
    const unknown = senders.map(({ refusals }) => refusals.get('SERVICE_UNAVAILABLE'));
    report('Redis killed 3 times with appendonly', counts, { 'sends repeated': unknown });
    expect(counts).toEqual(nothingLost(counts.sent, counts.sent * viewers.length));
    expect(counts.sent).toBeGreaterThan(150);
    expect(viewers.flatMap(({ refusals }) => [...refusals.keys()])).toEqual([]);
  },
);
