/** A server with several workers, of which some die under load. */
import { expect, test } from 'vitest';
import { connectionCount } from '#test/support/ask.js';
import { until } from '#test/support/until.js';
import { untilReplaced, workerPids } from '#test/support/workers.js';
import { HEAVY, nothingLost, report, startSite } from './fixture.js';

const WORKERS = 3;
const VIEWERS = 12;

test(
  'when workers are killed under load, their clients come back with their cursors and miss nothing',
  HEAVY,
  async () => {
    // A busy machine takes long to start a worker, and the list is read only at the end.
    const variables = { WORKERS, PRESENCE_HEARTBEAT_MS: 500, HISTORY_LIMIT: 1_000_000 };
    const site = await startSite({ variables });
    const server = site.node();
    const viewers = Array.from({ length: VIEWERS }, () => site.viewer('room1'));
    const senders = [site.sender('room1'), site.sender('room1')];
    await until(async () => (await connectionCount(server, 'room1')) === VIEWERS, {
      what: 'every viewer to be counted',
    });
    for (const sender of senders) sender.start(100);

    const before = viewers.map(({ subscribes }) => subscribes);
    for (let killed = 0; killed < WORKERS; killed += 1) {
      const received = viewers.map(({ total }) => total);
      await until(() => viewers.every(({ total }, index) => total > received[index]! + 20), {
        what: 'messages to reach every viewer',
      });
      process.kill(workerPids(server)[killed]!, 'SIGKILL');
      await untilReplaced(server, WORKERS, killed + 1);
    }
    for (const sender of senders) await sender.stop();

    const counts = await site.count('room1');
    const cameBack = viewers.reduce((sum, { subscribes }, index) => sum + subscribes - before[index]!, 0);
    const disconnected = senders.reduce((sum, { refusals }) => sum + (refusals.get('DISCONNECTED') ?? 0), 0);
    report('workers killed', counts, { acknowledged: counts.sent, cameBack, disconnected });
    expect(counts).toEqual(nothingLost(counts.sent, counts.sent * VIEWERS));
    expect(cameBack).toBeGreaterThanOrEqual(WORKERS);
    await until(async () => (await connectionCount(server, 'room1')) === VIEWERS, {
      what: 'exactly the viewers to be counted',
    });
  },
);
