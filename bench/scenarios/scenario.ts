import type { Contender } from '../contenders/contender.js';
import type { Bench } from './stage.js';

/** One thing that is measured. */
export interface Scenario<Figures> {
  readonly name: string;
  readonly title: string;
  /** Whether it can be asked of this contender. */
  appliesTo(contender: Contender): boolean;
  /** Measures one contender, from the start of its processes to their end. Rejects where it fails. */
  run(bench: Bench, contender: Contender): Promise<Figures>;
}

/** A contender that could not be measured in a scenario, and why. */
export interface Failed {
  readonly failed: string;
}

export const isPeerOrOurs = ({ kind }: Contender): boolean => kind !== 'yardstick';
export const isOurs = ({ kind }: Contender): boolean => kind === 'ours';
