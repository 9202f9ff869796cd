import { parseArgs } from 'node:util';

export interface Options {
  /** How long faults come, in minutes. */
  minutes: number;
  /** What the choice of faults, and of who drops when, follows from. */
  seed: number;
  /** Do the stranger's check in its full size in place of the soak. */
  stranger: boolean;
}

export const USAGE = `Usage: npm run soak -- [--minutes N] [--seed S]     mixed load with faults at random
       npm run soak -- --stranger [--seed S]         100 clients that drop, 20,000 messages, pub/sub killed every second`;

/** Throws an error whose message is for whoever typed the arguments. */
export function optionsFrom(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      stranger: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new Error('--minutes takes a number above 0.');
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed takes a whole number.');
  return { minutes, seed, stranger: values.stranger };
}
