import { parseArgs } from 'node:util';
import type { Demand } from './demand.js';

/** One option of the command line. */
interface Option {
  /** The field of `Demand`. Undefined for an option that sets another one's field. */
  field?: keyof Demand;
  /** Undefined if it must be given. */
  default?: number;
  min: number;
  max: number;
  /** Whether fractions are allowed. */
  fraction?: true;
  meaning: string;
}

const OPTIONS = {
  viewers: { field: 'viewers', min: 0, max: 1e9, meaning: 'viewers in all rooms together' },
  rooms: { field: 'rooms', min: 1, max: 1e8, meaning: 'rooms of equal size' },
  messages: { field: 'messages', min: 0, max: 1e7, fraction: true, meaning: 'messages a second in all' },
  'messages-per-room': { min: 0, max: 1e6, fraction: true, meaning: 'or: messages a second in each room' },
  history: { field: 'history', default: 10_000, min: 1, max: 1e6, meaning: 'messages that a room keeps' },
  content: { field: 'content', default: 50, min: 1, max: 10_000, meaning: 'characters in a message' },
  joins: {
    field: 'joins',
    min: 0,
    max: 1e6,
    meaning: 'viewers who connect within a second (a 600th of all)',
  },
  delay: {
    field: 'delayMs',
    default: 200,
    min: 10,
    max: 10_000,
    meaning: 'ms to the last viewer of a worker',
  },
  load: { field: 'load', default: 60, min: 1, max: 100, meaning: '% of CPU, memory and network to use' },
  workers: { field: 'workers', default: 8, min: 1, max: 256, meaning: 'workers on a node: its cores' },
  'node-memory': { field: 'nodeMemory', default: 32, min: 0.5, max: 4_096, fraction: true, meaning: 'GB' },
  'node-network': {
    field: 'nodeNetwork',
    default: 10,
    min: 0.1,
    max: 400,
    fraction: true,
    meaning: 'Gbit/s',
  },
  'spare-nodes': { field: 'spareNodes', default: 1, min: 0, max: 1_000, meaning: 'nodes that may be away' },
  'shard-memory': {
    field: 'shardMemory',
    default: 8,
    min: 0.1,
    max: 1_024,
    fraction: true,
    meaning: 'GB, maxmemory',
  },
  replicas: { field: 'replicas', default: 1, min: 0, max: 5, meaning: 'replicas of each shard' },
  'head-check': { field: 'headCheckMs', default: 3_000, min: 100, max: 600_000, meaning: 'HEAD_CHECK_MS' },
  'room-log': { field: 'roomLog', default: 512, min: 1, max: 100_000, meaning: 'ROOM_LOG_CAPACITY' },
  'node-price': {
    field: 'nodePrice',
    default: 0,
    min: 0,
    max: 1e6,
    fraction: true,
    meaning: 'of a node, per hour',
  },
  'shard-price': {
    field: 'shardPrice',
    default: 0,
    min: 0,
    max: 1e6,
    fraction: true,
    meaning: 'of a Redis, per hour',
  },
  'traffic-price': {
    field: 'trafficPrice',
    default: 0,
    min: 0,
    max: 1e6,
    fraction: true,
    meaning: 'per GB sent',
  },
} as const satisfies Record<string, Option>;

type Name = keyof typeof OPTIONS;

/** Seconds that a viewer stays, if `--joins` is not given. */
const STAY_SECONDS = 600;

/** What the command takes, for `--help` and after a mistake. */
export const USAGE = [
  'Usage: npm run capacity -- --viewers N --rooms N --messages N [options]',
  '',
  ...Object.entries<Option>(OPTIONS).map(([name, option]) => {
    const text = `  --${name.padEnd(18)}${option.meaning}`;
    return option.default === undefined ? text : `${text} (${option.default})`;
  }),
].join('\n');

/** A mistake on the command line, told in one sentence. */
export class UsageError extends Error {}

/** Parses the command line. Throws `UsageError`. */
export function demandFrom(args: string[]): Demand {
  const given = parse(args);
  const numberOf = (name: Name): number | undefined => given.get(name) ?? (OPTIONS[name] as Option).default;
  const required = (name: Name): number => {
    const value = numberOf(name);
    if (value === undefined) throw new UsageError(`--${name} is missing: give the number of ${name}.`);
    return value;
  };
  const viewers = required('viewers');
  const rooms = required('rooms');
  const messages = messagesFrom(given, rooms);
  const rest = Object.fromEntries(
    Object.entries<Option>(OPTIONS).flatMap(([name, { field }]) =>
      field === undefined ? [] : [[field, numberOf(name as Name)]],
    ),
  ) as unknown as Demand;
  return {
    ...rest,
    messages,
    joins: given.get('joins') ?? Math.ceil(viewers / STAY_SECONDS),
    load: rest.load / 100,
  };
}

function messagesFrom(given: ReadonlyMap<string, number>, rooms: number): number {
  const inAll = given.get('messages');
  const perRoom = given.get('messages-per-room');
  if (inAll !== undefined && perRoom !== undefined) {
    throw new UsageError('--messages and --messages-per-room say the same: give one of them.');
  }
  const messages = inAll ?? (perRoom === undefined ? undefined : perRoom * rooms);
  if (messages === undefined) {
    throw new UsageError('--messages is missing: give the messages a second in all, or --messages-per-room.');
  }
  return messages;
}

function parse(args: string[]): Map<string, number> {
  const options = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' as const }]));
  let values: Record<string, string | undefined>;
  try {
    ({ values } = parseArgs({ args, options }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return new Map(
    Object.entries(values).map(([name, text]) => [name, numberFrom(name, text!, OPTIONS[name as Name])]),
  );
}

function numberFrom(name: string, text: string, { min, max, fraction }: Option): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const isOfKind = fraction ? Number.isFinite(value) : Number.isSafeInteger(value);
  if (isOfKind && value >= min && value <= max) return value;
  const kind = fraction ? 'a number' : 'an integer';
  throw new UsageError(`--${name} must be ${kind} between ${min} and ${max}, got "${text}".`);
}
