/** Prints the nodes, shards, memory and cost that a site needs: see docs/scaling.md, "How to size it". */
import { demandFrom, USAGE, UsageError } from './options.js';
import { ImpossibleDemand, plan } from './plan.js';
import { report } from './report.js';

try {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(USAGE);
  } else {
    const demand = demandFrom(args);
    console.log(report(demand, plan(demand)));
  }
} catch (error) {
  if (!(error instanceof UsageError || error instanceof ImpossibleDemand)) throw error;
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
