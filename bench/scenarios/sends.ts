import { performance } from 'node:perf_hooks';
import { contentOf } from '../load/content.js';
import { HttpClient } from '../load/http.js';
import { type Spread, spread } from '../measure/numbers.js';
import { HOST } from '../measure/server.js';
import { Harness } from './harness.js';
import type { Scenario } from './scenario.js';

export interface SendsFigures {
  /** Accepted sends per second of server CPU. */
  readonly perCpuSecond: Spread;
  /** Accepted sends per second of elapsed time. */
  readonly perSecond: Spread;
}

export const sends: Scenario<SendsFigures> = {
  name: 'sends',
  title: 'Sends: sendMessage over HTTP',
  appliesTo: ({ name }) => name === 'ours' || name === 'yoga-constant',
  run(bench, contender) {
    const { connections, seconds, windows } = bench.sizes.sends;
    return Harness.use(bench, contender, async (harness) => {
      const clients = Array.from({ length: connections }, () => new HttpClient(HOST, harness.measured.port));
      const { protocol } = contender;
      let sent = 0;
      const keepSending = async (client: HttpClient, end: number): Promise<void> => {
        while (performance.now() < end) {
          const { path, body } = protocol.send(harness.roomId, contentOf(sent));
          sent += 1;
          protocol.sentId(await client.post(path, body));
        }
      };
      const window = async (ms: number) => {
        const cpu = harness.cpuMeter();
        const start = performance.now();
        const before = sent;
        await Promise.all(clients.map((client) => keepSending(client, start + ms)));
        const accepted = sent - before;
        return { perCpuSecond: accepted / cpu(), perSecond: (accepted * 1000) / (performance.now() - start) };
      };
      await window(seconds * 500); // warm-up
      const figures: { perCpuSecond: number; perSecond: number }[] = [];
      for (let number = 0; number < windows; number += 1) {
        await harness.waitUntilIdle();
        figures.push(await window(seconds * 1000));
      }
      for (const client of clients) client.close();
      return {
        perCpuSecond: spread(figures.map((figure) => figure.perCpuSecond)),
        perSecond: spread(figures.map((figure) => figure.perSecond)),
      };
    });
  },
};
