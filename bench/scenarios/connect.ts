import { type Spread, spread } from '../measure/numbers.js';
import { Harness } from './harness.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';

export interface ConnectFigures {
  /** Server CPU per connect, upgrade, initialization and subscribe, in microseconds. */
  readonly cpuMicros: Spread;
}

export const connect: Scenario<ConnectFigures> = {
  name: 'connect',
  title: 'Connect: from the TCP connect to the live subscription',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { clients, windows, warmUp } = bench.sizes.connect;
    return Harness.use(bench, contender, async (harness) => {
      await harness.warmUp(warmUp);
      const figures: number[] = [];
      for (let window = 0; window < windows; window += 1) {
        const cpu = harness.cpuMeter();
        const group = await harness.openClients(clients);
        // The protocol does not say when a subscription is live, so wait for the server.
        await harness.waitUntilIdle();
        figures.push((cpu() * 1e6) / clients);
        await harness.becomeLive(group); // check that all subscriptions are live
        group.close();
        await harness.waitUntilIdle();
      }
      return { cpuMicros: spread(figures) };
    });
  },
};
