import { churnCheck } from '../../test/support/churn-check.js';
import { Site } from '../../test/support/site.js';
import { reportCluster } from './cluster/report.js';
import { soakCluster } from './cluster/soak.js';
import { type Options, optionsFrom, USAGE } from './options.js';
import { reportChurn, reportSoak } from './report.js';
import { soak } from './soak.js';

/** Runs the selected check, prints its report, and returns descriptions of broken promises. */
async function run(options: Options): Promise<readonly string[]> {
  if (options.cluster) {
    const outcome = await soakCluster(options);
    reportCluster(outcome);
    return outcome.broken;
  }
  if (!options.churn) {
    const outcome = await soak(options);
    reportSoak(outcome);
    return outcome.broken;
  }
  const site = await Site.start({ nodes: 3 });
  try {
    const size = { clients: 100, messages: 20_000, perSecond: 500, killEveryMs: 1_000, dropEvery: 2_000 };
    const verdict = await churnCheck(site, { ...size, seed: options.seed });
    reportChurn(verdict);
    const { sent, received, ...bad } = verdict.counts;
    const broken = Object.entries(bad).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []));
    if (received !== sent * verdict.viewers) broken.push('not every client received every message');
    return broken;
  } finally {
    await site.close();
  }
}

let options: Options;
try {
  options = optionsFrom(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
const { churn, cluster, minutes, seed } = options;
const what = churn ? 'Churn check' : `Soak test${cluster ? ' of a Cluster' : ''} for ${minutes} minutes`;
console.log(`${what}, seed ${seed}`);
const broken = await run(options);
console.log(broken.length === 0 ? 'All promises were kept.' : `Broken: ${broken.join('; ')}`);
process.exitCode = broken.length === 0 ? 0 : 1;
