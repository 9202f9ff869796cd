import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { benchFolder, isBuilt, rootFolder } from './contenders/index.js';
import { Processes } from './measure/processes.js';
import { RedisServer } from './measure/redis.js';
import { optionsFrom } from './options.js';
import { machine, versions } from './report/machine.js';
import { writePlots } from './report/plots.js';
import { readme } from './report/readme.js';
import type { Report } from './report/report.js';
import { summary } from './report/tables.js';
import { type Bench, LOAD_CORE } from './scenarios/harness.js';
import { type Results, scenarios } from './scenarios/index.js';
import type { Failed } from './scenarios/scenario.js';
import { fullSizes, quickSizes } from './scenarios/sizes.js';

const options = optionsFrom(process.argv.slice(2));
if (process.platform !== 'linux' || cpus().length < 2)
  throw new Error('The benchmark needs Linux and at least two cores.');
if (options.complete && !options.contenders.every(isBuilt))
  throw new Error('Run `npm run build` in the repository root first.');

const processes = new Processes();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void processes.stopAll().then(() => process.exit(130));
  });
}

try {
  await run();
} finally {
  await processes.stopAll();
}

/**
 * Measures what the options select and prints it. If the run is complete, also writes the published results.
 */
async function run(): Promise<void> {
  const started = new Date();
  const sizes = options.quick ? quickSizes : fullSizes;
  const redis = await RedisServer.start(processes, LOAD_CORE);
  const results = await measureAll({ processes, redis, sizes });
  await redis.stop();
  const report: Report = {
    date: started.toISOString(),
    minutes: Math.round((Date.now() - started.getTime()) / 60_000),
    command: 'npm run bench',
    machine: machine(),
    versions: { node: process.versions.node, redis: redis.version, ...versions(options.contenders) },
    sizes,
    results,
  };
  console.log(`\n${summary(report)}`);
  if (!options.complete) return console.log('\nThis was a partial or quick run, so no files were written.');
  writeFileSync(join(benchFolder, 'results.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(benchFolder, 'README.md'), readme(report));
  writePlots(join(benchFolder, 'plots'), report);
}

/**
 * Runs scenario by scenario, so that results that are compared are measured close together. A failure is a
 * result too.
 */
async function measureAll(bench: Bench): Promise<Results> {
  const results: Record<string, Record<string, unknown>> = {};
  for (const name of options.scenarios) {
    const scenario = scenarios[name];
    const figures: Record<string, unknown> = {};
    results[name] = figures;
    for (const contender of options.contenders) {
      if (!scenario.appliesTo(contender)) continue;
      const start = performance.now();
      figures[contender.name] = isBuilt(contender)
        ? await scenario.run(bench, contender).catch(failed)
        : { failed: 'not built' };
      if (bench.processes.stopped) throw new Error('Interrupted.');
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${name} ${contender.name} (${seconds} s) ${JSON.stringify(figures[contender.name])}`);
    }
  }
  return results as Results;
}

/** Prints the whole error and returns its most telling line, without local paths. */
function failed(error: unknown): Failed {
  console.error(error instanceof Error ? error.message : error);
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  const line = lines.find((one) => /error/i.test(one)) ?? lines[0] ?? '';
  return { failed: line.replaceAll(rootFolder, '').slice(0, 300) };
}
