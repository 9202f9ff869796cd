import type { Results } from '../scenarios/index.js';
import type { Sizes } from '../scenarios/sizes.js';

/** All that a run found out, and all that one must know to judge it: `results.json` is this. */
export interface Report {
  /** When the run began, in ISO 8601. */
  readonly date: string;
  readonly minutes: number;
  readonly command: string;
  readonly machine: Machine;
  /** Of Node, Redis and, by contender, of each package. */
  readonly versions: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly sizes: Sizes;
  readonly results: Results;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
}
