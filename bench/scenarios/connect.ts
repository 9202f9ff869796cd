import { type Spread, spread } from '../measure/numbers.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';

export interface ConnectFigures {
  /** The server's CPU for one connect, upgrade, initialisation and subscribe, in microseconds. */
  readonly cpuMicros: Spread;
}

export const connect: Scenario<ConnectFigures> = {
  name: 'connect',
  title: 'Connect: from the TCP connect to the live subscription',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { clients, windows, warmUp } = bench.sizes.connect;
    return Stage.use(bench, contender, async (stage) => {
      await stage.warmUp(warmUp);
      const figures: number[] = [];
      for (let window = 0; window < windows; window += 1) {
        const cpu = stage.cpuMeter();
        const crowd = await stage.crowd(clients);
        await stage.rest(); // nobody is told that a subscription is live: the server has come to rest
        figures.push((cpu() * 1e6) / clients);
        await stage.live(crowd); // and now it is shown that all are
        crowd.close();
        await stage.rest();
      }
      return { cpuMicros: spread(figures) };
    });
  },
};
