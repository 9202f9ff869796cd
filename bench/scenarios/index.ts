import { type BurstFigures, burst } from './burst.js';
import { type ComebackFigures, comeback } from './comeback.js';
import { type ConnectFigures, connect } from './connect.js';
import { type FanoutFigures, fanout } from './fanout.js';
import { type HistoryFigures, history } from './history.js';
import { type IdleFigures, idle } from './idle.js';
import { type PacedFigures, paced } from './paced.js';
import type { Failed, Scenario } from './scenario.js';
import { type SelectionsFigures, selections } from './selections.js';
import { type SendsFigures, sends } from './sends.js';
import { type WorkersFigures, workers } from './workers.js';

/** The result type of each scenario. */
export interface FiguresOf {
  burst: BurstFigures;
  fanout: FanoutFigures;
  paced: PacedFigures;
  idle: IdleFigures;
  connect: ConnectFigures;
  comeback: ComebackFigures;
  selections: SelectionsFigures;
  sends: SendsFigures;
  history: HistoryFigures;
  workers: WorkersFigures;
}

export type ScenarioName = keyof FiguresOf;

/** The results by scenario and contender, or why there are none. */
export type Results = {
  [Name in ScenarioName]?: Record<string, FiguresOf[Name] | Failed>;
};

/** All scenarios, in the order of the run. */
export const scenarios: { readonly [Name in ScenarioName]: Scenario<FiguresOf[Name]> } = {
  burst,
  fanout,
  paced,
  idle,
  connect,
  comeback,
  selections,
  sends,
  history,
  workers,
};

/** The results of a contender in a scenario. Undefined if it was not measured or failed. */
export function figuresOf<Name extends ScenarioName>(
  results: Results,
  scenario: Name,
  contender: string,
): FiguresOf[Name] | undefined {
  const found = results[scenario]?.[contender];
  return found && !('failed' in found) ? found : undefined;
}
