import { parseArgs } from 'node:util';
import type { Contender } from './contenders/contender.js';
import { contenderNamed, contenders } from './contenders/index.js';
import { type ScenarioName, scenarios } from './scenarios/index.js';

/** What the command line asks for. */
export interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly contenders: readonly Contender[];
  /** Small sizes: whether it works, not how fast it is. */
  readonly quick: boolean;
  /** Whether everything is measured, so that the run may replace the published figures. */
  readonly complete: boolean;
}

/** Reads `--only a,b`, `--contenders a,b` and `--quick`; an error names what there is to choose from. */
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
  throw new Error(`No scenario "${name}": one of ${scenarioNames.join(', ')}.`);
}
