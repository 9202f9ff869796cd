import type { Contender } from '../contenders/contender.js';
import type { Bench } from './harness.js';

/** One measurement that runs against several contenders. */
export interface Scenario<Figures> {
  readonly name: string;
  readonly title: string;
  /** Whether this contender supports the scenario. */
  appliesTo(contender: Contender): boolean;
  /** Starts one contender, measures it, and stops it. Rejects if a step fails. */
  run(bench: Bench, contender: Contender): Promise<Figures>;
}

/** Why a contender could not be measured in a scenario. */
export interface Failed {
  readonly failed: string;
}

export const isPeerOrOurs = ({ kind }: Contender): boolean => kind !== 'yardstick';
export const isOurs = ({ kind }: Contender): boolean => kind === 'ours';
