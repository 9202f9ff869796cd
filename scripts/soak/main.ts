import { Site } from '../../test/support/site.js';
import { strangersCheck } from '../../test/support/strangers.js';
import { type Options, optionsFrom, USAGE } from './options.js';
import { reportSoak, reportStrangers } from './report.js';
import { soak } from './soak.js';

/** Gives what promises were broken, in words. */
async function run(options: Options): Promise<readonly string[]> {
  if (!options.stranger) {
    const outcome = await soak(options);
    reportSoak(outcome);
    return outcome.broken;
  }
  const site = await Site.start({ nodes: 3 });
  try {
    const size = { clients: 100, messages: 20_000, perSecond: 500, killEveryMs: 1_000, dropEvery: 2_000 };
    const verdict = await strangersCheck(site, { ...size, seed: options.seed });
    reportStrangers(verdict);
    const { sent, received, ...bad } = verdict.counts;
    const broken = Object.entries(bad).flatMap(([what, count]) => (count > 0 ? [`${what} ${count}`] : []));
    if (received !== sent * verdict.viewers) broken.push('not each has received each message');
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
const { stranger, minutes, seed } = options;
console.log(`${stranger ? 'A stranger’s check' : `A soak of ${minutes} minutes`}, seed ${seed}`);
const broken = await run(options);
console.log(broken.length === 0 ? 'Every promise was kept.' : `Broken: ${broken.join('; ')}`);
process.exitCode = broken.length === 0 ? 0 : 1;
