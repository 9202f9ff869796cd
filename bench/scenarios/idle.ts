import { collectGarbage } from '../measure/garbage.js';
import { residentBytes } from '../measure/proc.js';
import { Harness } from './harness.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';

export interface IdleFigures {
  /** Resident bytes per live, idle subscriber, after garbage collection. */
  readonly bytesPerSubscriber: number;
  /** The same before garbage collection, as a process monitor would show it. */
  readonly bytesPerSubscriberAsFound: number;
  /** Resident bytes without subscribers, after the warm-up. */
  readonly emptyBytes: number;
}

export const idle: Scenario<IdleFigures> = {
  name: 'idle',
  title: 'Idle: the memory of a subscriber',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, warmUp } = bench.sizes.idle;
    return Harness.use(bench, contender, async (harness) => {
      const { measured } = harness;
      await harness.warmUp(warmUp);
      await collectGarbage(measured);
      const emptyBytes = residentBytes(measured.pid);
      const group = await harness.openClients(subscribers);
      await harness.becomeLive(group);
      const asFound = residentBytes(measured.pid);
      await collectGarbage(measured);
      const full = residentBytes(measured.pid);
      if (group.faultCount > 0) throw new Error(group.faults.join('; '));
      group.close();
      return {
        bytesPerSubscriber: (full - emptyBytes) / subscribers,
        bytesPerSubscriberAsFound: (asFound - emptyBytes) / subscribers,
        emptyBytes,
      };
    });
  },
};
