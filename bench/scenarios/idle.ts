import { collectGarbage } from '../measure/garbage.js';
import { residentBytes } from '../measure/proc.js';
import { isPeerOrOurs, type Scenario } from './scenario.js';
import { Stage } from './stage.js';

export interface IdleFigures {
  /** Resident bytes that one live, idle subscriber adds, once garbage has been collected. */
  readonly bytesPerSubscriber: number;
  /** The same before garbage was collected: what a process monitor would show. */
  readonly bytesPerSubscriberAsFound: number;
  /** Resident bytes without any subscriber, once warm. */
  readonly emptyBytes: number;
}

export const idle: Scenario<IdleFigures> = {
  name: 'idle',
  title: 'Idle: the memory of a subscriber',
  appliesTo: isPeerOrOurs,
  run(bench, contender) {
    const { subscribers, warmUp } = bench.sizes.idle;
    return Stage.use(bench, contender, async (stage) => {
      const { measured } = stage;
      await stage.warmUp(warmUp);
      await collectGarbage(measured);
      const emptyBytes = residentBytes(measured.pid);
      const crowd = await stage.crowd(subscribers);
      await stage.live(crowd);
      const asFound = residentBytes(measured.pid);
      await collectGarbage(measured);
      const full = residentBytes(measured.pid);
      if (crowd.faultCount > 0) throw new Error(crowd.faults.join('; '));
      crowd.close();
      return {
        bytesPerSubscriber: (full - emptyBytes) / subscribers,
        bytesPerSubscriberAsFound: (asFound - emptyBytes) / subscribers,
        emptyBytes,
      };
    });
  },
};
