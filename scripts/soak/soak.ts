import { setTimeout as sleep } from 'node:timers/promises';
import { connectionCount } from '../../test/support/ask.js';
import { Ledger } from '../../test/support/ledger.js';
import { randomFrom } from '../../test/support/random.js';
import { ResumingViewer } from '../../test/support/resuming-viewer.js';
import { MessageSender } from '../../test/support/sender.js';
import { Site } from '../../test/support/site.js';
import { until } from '../../test/support/until.js';
import { FAULTS } from './faults.js';
import { Load } from './load.js';
import { MemoryWatch } from './memory.js';
import type { Options } from './options.js';
import { brokenPromises, type Outcome } from './outcome.js';

const NODES = 3;
/** Pause between two faults, in milliseconds: long enough to recover sometimes, but not always. */
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 6_000;
const AUDIT_MS = 5_000;
const SAMPLES = 30;
const RECOVERY_MS = 30_000;

const VARIABLES = {
  LOG_LEVEL: 'error',
  REDIS_TIMEOUT_MS: 1_000,
  HEARTBEAT_MS: 5_000,
  PRESENCE_HEARTBEAT_MS: 2_000,
};

/**
 * Runs mixed load with random faults for some minutes, then lets everything recover and counts the messages.
 */
export async function soak({ minutes, seed }: Options): Promise<Outcome> {
  const site = await Site.start({ nodes: NODES, redis: { appendonly: true }, variables: VARIABLES });
  try {
    return await soakSite(site, minutes, seed);
  } finally {
    await site.close();
  }
}

async function soakSite(site: Site, minutes: number, seed: number): Promise<Outcome> {
  const initialClients = await redisClients(site);
  // Separate generators, so that a seed gives the same faults whatever the load does.
  const random = randomFrom(seed);
  const load = new Load(site, randomFrom(seed + 1));
  const tallies = new Map(load.rooms.map((roomId) => [roomId, new Ledger()]));
  const memory = new MemoryWatch(site);
  const happened = new Map<string, number>();
  const failures: string[] = [];
  const over = AbortSignal.timeout(minutes * 60_000);
  load.startSending();

  const auditing = repeat(AUDIT_MS, over, async () => {
    for (const [roomId, ledger] of tallies) await site.audit(roomId, ledger);
  });
  const sampling = repeat((minutes * 60_000) / SAMPLES, over, () => memory.sample());
  while (!over.aborted) {
    await sleep(SHORTEST_PAUSE_MS + random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS));
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
    console.log(`${new Date().toISOString()}  ${fault.name}`);
    await fault.happen(site, load, random).catch((error) => failures.push(`${fault.name}: ${error}`));
    happened.set(fault.name, (happened.get(fault.name) ?? 0) + 1);
  }
  await Promise.all([auditing, sampling]);

  await load.settle();
  const counts: Outcome['counts'][number][] = [];
  for (const [roomId, ledger] of tallies) counts.push({ roomId, ...(await site.count(roomId, ledger)) });
  const recovered = await stateAfterRecovery(site, load, initialClients);
  await memory.sample();
  load.close();
  await Promise.all(site.viewers.map((viewer) => viewer.close()));
  const channelsLeft = await waitForRecovery(channels, site, (found) => found.length === 0);
  await memory.sample();

  const outcome = {
    happened,
    failures,
    counts,
    expiredCursors: [...tallies.values()].reduce((sum, ledger) => sum + ledger.gaps, 0),
    answers: answersTo(site, load),
    memory: memory.series,
    ...recovered,
    channelsLeft,
  };
  return { ...outcome, broken: brokenPromises(outcome) };
}

/** Connections and channels after recovery, while all clients are still connected. */
async function stateAfterRecovery(site: Site, { rooms, perRoom }: Load, initialClients: number) {
  const countAll = () => Promise.all(rooms.map((roomId) => connectionCount(site.node(), roomId)));
  const isExpected = (found: (number | string)[]) => found.every((count) => count === perRoom);
  return {
    connections: { found: await waitForRecovery(countAll, site, isExpected), expected: perRoom },
    channels: {
      found: await waitForRecovery(channels, site, (found) => found.length === rooms.length),
      expected: rooms.length,
    },
    clients: {
      found: await waitForRecovery(redisClients, site, (found) => found === initialClients),
      expected: initialClients,
    },
  };
}

/** Reads a value until it is as expected or RECOVERY_MS have passed. Returns the last value. */
async function waitForRecovery<T>(
  read: (site: Site) => Promise<T>,
  site: Site,
  isExpected: (found: T) => boolean,
): Promise<T> {
  let found = await read(site);
  const isRecovered = async () => {
    found = await read(site);
    return isExpected(found);
  };
  await until(isRecovered, { what: 'recovery', timeout: RECOVERY_MS, interval: 200 }).catch(() => undefined);
  return found;
}

async function channels({ redis }: Site): Promise<string[]> {
  return (await redis.cli('PUBSUB', 'CHANNELS')).split('\n').filter(Boolean);
}

async function redisClients({ redis }: Site): Promise<number> {
  return (await redis.cli('CLIENT', 'LIST')).trim().split('\n').length;
}

/** Counts the answers other than messages that all clients received. */
function answersTo({ senders, viewers }: Site, { visitors }: Load): Map<string, number> {
  const all = new Map<string, number>();
  const refusals = [...senders, ...viewers].flatMap((client) =>
    client instanceof MessageSender || client instanceof ResumingViewer ? [client.refusals] : [],
  );
  for (const some of [...refusals, ...visitors.map(({ answers }) => answers)]) {
    for (const [answer, count] of some) all.set(answer, (all.get(answer) ?? 0) + count);
  }
  return all;
}

/** Repeats an action at intervals. Ignores errors, because the action may fail during a fault. */
async function repeat(ms: number, over: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!over.aborted) {
    await sleep(ms, undefined, { signal: over }).catch(() => undefined);
    await act().catch(() => undefined);
  }
}
