import type { Results } from '../scenarios/index.js';
import type { Sizes } from '../scenarios/sizes.js';

/** The content of `results.json`: the results of a run, and what is needed to judge them. */
export interface Report {
  /** When the run started, in ISO 8601. */
  readonly date: string;
  readonly minutes: number;
  readonly command: string;
  readonly machine: Machine;
  /** Versions of Node, of Redis, and of each package by contender. */
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
