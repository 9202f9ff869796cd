import { parseArgs } from 'node:util';

export interface Options {
  /** How long faults are injected, in minutes. */
  minutes: number;
  /** Seed of the random choices: which faults happen, and which clients drop when. */
  seed: number;
  /** Run the churn check at full size instead of the soak test. */
  churn: boolean;
  /** Run the soak test on a Redis Cluster. */
  cluster: boolean;
}

export const USAGE = `Usage: npm run soak -- [--minutes N] [--seed S]     mixed load with random faults
       npm run soak -- --cluster [--minutes N] [--seed S]
                                                     the same on a Redis Cluster: 60 rooms, faults of its servers
       npm run soak -- --churn [--seed S]            100 clients that keep reconnecting, 20,000 messages, pub/sub killed every second`;

/** Parses the command line. Throws an error with a message for the user. */
export function optionsFrom(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      churn: { type: 'boolean', default: false },
      cluster: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  if (!(minutes > 0 && minutes <= 24 * 60))
    throw new Error('--minutes must be a number above 0 and at most 1440.');
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed must be a non-negative integer.');
  if (values.churn && values.cluster) throw new Error('--churn and --cluster exclude each other.');
  return { minutes, seed, churn: values.churn, cluster: values.cluster };
}
