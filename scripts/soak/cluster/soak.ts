import { setTimeout as sleep } from 'node:timers/promises';
import { connectionCount } from '../../../test/support/ask.js';
import { Cluster } from '../../../test/support/cluster.js';
import { Ledger } from '../../../test/support/ledger.js';
import { randomFrom } from '../../../test/support/random.js';
import { Site } from '../../../test/support/site.js';
import { until } from '../../../test/support/until.js';
import type { Options } from '../options.js';
import { FAULTS, type Fault, type Scene } from './faults.js';
import { Load } from './load.js';
import { brokenPromises, type ClusterOutcome, type Episode } from './outcome.js';

const NODES = 3;
/** Replicas of each primary: after a failover, one is left to have a copy of what is acknowledged. */
const REPLICAS = 2;
/** Messages that each room must accept after a fault before the next one happens. */
const CALM_MESSAGES = 3;
const RECOVERY_MS = 30_000;

const VARIABLES = {
  LOG_LEVEL: 'error',
  DURABILITY: 'replicated',
  REDIS_TIMEOUT_MS: 1_000,
  PRESENCE_HEARTBEAT_MS: 2_000,
};

/** Runs load in many rooms of a Cluster while its servers and its nodes fail, one fault at a time, and counts. */
export async function soakCluster({ minutes, seed }: Options): Promise<ClusterOutcome> {
  const cluster = await Cluster.start({ replicas: REPLICAS });
  try {
    const site = await Site.start({ nodes: NODES, cluster, variables: VARIABLES });
    try {
      const load = await Load.create(site, cluster);
      return await soakScene({ site, cluster, load, random: randomFrom(seed) }, minutes);
    } finally {
      await site.close();
    }
  } finally {
    await cluster.close();
  }
}

async function soakScene(scene: Scene, minutes: number): Promise<ClusterOutcome> {
  const { site, load, random } = scene;
  const ledgers = new Map(load.roomIds.map((roomId) => [roomId, new Ledger()]));
  const episodes: Episode[] = [];
  const failures: string[] = [];
  const over = performance.now() + minutes * 60_000;
  load.start();
  await load.untilAccepted(CALM_MESSAGES);
  let upcoming: Fault[] = [];
  while (performance.now() < over) {
    // Each fault once, in a new order, before any comes again.
    if (upcoming.length === 0) upcoming = shuffled(FAULTS, random);
    const fault = upcoming.pop()!;
    console.log(`${new Date().toISOString()}  ${fault.name}`);
    try {
      episodes.push(await runEpisode(fault, scene));
    } catch (error) {
      failures.push(`${fault.name}: ${error}`);
      console.log(error);
      break;
    }
    // The lists are read only while all agree on who has them.
    for (const [roomId, ledger] of ledgers) await site.audit(roomId, ledger);
    await sleep(random() * 1_000);
  }
  await load.stop();
  const counts = await Promise.all(
    [...ledgers].map(async ([roomId, ledger]) => {
      const count = await site.count(roomId, ledger);
      for (const loss of ledger.losses) console.log(`${roomId}: ${loss}`);
      return { roomId, ...count, gaps: ledger.gaps };
    }),
  );
  const outcome = {
    episodes,
    failures,
    counts,
    acknowledged: counts.reduce((sum, { sent }) => sum + sent, 0),
    connections: await connectionsAfterRecovery(scene),
    expectedConnections: Load.VIEWERS,
  };
  return { ...outcome, broken: brokenPromises(outcome) };
}

/** Lets a fault happen, waits until all have recovered, and returns what the rooms noticed. */
async function runEpisode(fault: Fault, scene: Scene): Promise<Episode> {
  const { cluster, load } = scene;
  load.measureAnew();
  const rooms = await fault.happen(scene);
  await cluster.untilHealthy();
  await load.untilAccepted(CALM_MESSAGES);
  const noticed = (roomIds: readonly string[]) => ({
    waitMs: load.longestWaitMs(roomIds),
    refusals: load.refusals(roomIds),
  });
  if (rooms === undefined) return { fault: fault.name, ...noticed(load.roomIds) };
  const others = load.roomIds.filter((roomId) => !rooms.includes(roomId));
  return { fault: fault.name, ...noticed(rooms), others: noticed(others) };
}

/** The connection count of each room, once they are right or RECOVERY_MS have passed. */
async function connectionsAfterRecovery({ site, load }: Scene): Promise<(number | string)[]> {
  let counts: (number | string)[] = [];
  const areRight = async () => {
    counts = await Promise.all(load.roomIds.map((roomId) => connectionCount(site.node(), roomId)));
    return counts.every((count) => count === Load.VIEWERS);
  };
  await until(areRight, { what: 'recovery', timeout: RECOVERY_MS, interval: 200 }).catch(() => undefined);
  return counts;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
