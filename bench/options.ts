import { parseArgs } from 'node:util';
import type { Contender } from './contenders/contender.js';
import { contenderNamed, contenders } from './contenders/index.js';
import { type ScenarioName, scenarios } from './scenarios/index.js';

/** The command line options. */
export interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly contenders: readonly Contender[];
  /** Use small sizes, which show whether everything works but not how fast it is. */
  readonly quick: boolean;
  /** Whether the run measures everything at full size. Only then it replaces the published results. */
  readonly complete: boolean;
}

/** Parses `--only a,b`, `--contenders a,b` and `--quick`. Throws an error that lists the valid names. */
export function optionsFrom(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, contenders: { type: 'string' }, quick: { type: 'boolean' } },
  });
  const quick = values.quick === true;
  return {
    scenarios: values.only ? values.only.split(',').map(scenarioNamed) : scenarioNames,
    contenders: values.contenders ? values.contenders.split(',').map(contenderNamed) : contenders,
    quick,
    complete: !quick && values.only === undefined && values.contenders === undefined,
  };
}

const scenarioNames = Object.keys(scenarios) as ScenarioName[];

function scenarioNamed(name: string): ScenarioName {
  const found = scenarioNames.find((one) => one === name);
  if (found) return found;
  throw new Error(`Unknown scenario "${name}". Choose from ${scenarioNames.join(', ')}.`);
}
