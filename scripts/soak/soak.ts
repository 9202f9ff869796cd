import { setTimeout as sleep } from 'node:timers/promises';
import { connectionCount } from '../../test/support/ask.js';
import { randomFrom } from '../../test/support/random.js';
import { ResumingViewer } from '../../test/support/resuming-viewer.js';
import { Site } from '../../test/support/site.js';
import { Talker } from '../../test/support/talker.js';
import { Tally } from '../../test/support/tally.js';
import { until } from '../../test/support/until.js';
import { Audience } from './audience.js';
import { FAULTS } from './faults.js';
import { MemoryWatch } from './memory.js';
import type { Options } from './options.js';
import { brokenPromises, type Outcome } from './outcome.js';

const NODES = 3;
/** Between two faults, in milliseconds: long enough to heal now and then, too short to heal always. */
const LEAST_CALM_MS = 500;
const MOST_CALM_MS = 6_000;
const AUDIT_MS = 5_000;
const SAMPLES = 30;
const HEALING_MS = 30_000;

const VARIABLES = {
  LOG_LEVEL: 'error',
  REDIS_TIMEOUT_MS: 1_000,
  HEARTBEAT_MS: 5_000,
  PRESENCE_HEARTBEAT_MS: 2_000,
};

/** Mixed load with faults at random for some minutes; then all is mended and everything is counted. */
export async function soak({ minutes, seed }: Options): Promise<Outcome> {
  const site = await Site.start({ nodes: NODES, redis: { appendonly: true }, variables: VARIABLES });
  try {
    return await soakSite(site, minutes, seed);
  } finally {
    await site.close();
  }
}

async function soakSite(site: Site, minutes: number, seed: number): Promise<Outcome> {
  const clientsAtFirst = await redisClients(site);
  // Two of them, so that the faults of a seed are the same whatever the audience does.
  const random = randomFrom(seed);
  const audience = new Audience(site, randomFrom(seed + 1));
  const tallies = new Map(audience.rooms.map((roomId) => [roomId, new Tally()]));
  const memory = new MemoryWatch(site);
  const happened = new Map<string, number>();
  const failures: string[] = [];
  const over = AbortSignal.timeout(minutes * 60_000);
  audience.talk();

  const auditing = again(AUDIT_MS, over, async () => {
    for (const [roomId, tally] of tallies) await site.audit(roomId, tally);
  });
  const sampling = again((minutes * 60_000) / SAMPLES, over, () => memory.sample());
  while (!over.aborted) {
    await sleep(LEAST_CALM_MS + random() * (MOST_CALM_MS - LEAST_CALM_MS));
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
    console.log(`${new Date().toISOString()}  ${fault.name}`);
    await fault.happen(site, audience, random).catch((error) => failures.push(`${fault.name}: ${error}`));
    happened.set(fault.name, (happened.get(fault.name) ?? 0) + 1);
  }
  await Promise.all([auditing, sampling]);

  await audience.settle();
  const counts: Outcome['counts'][number][] = [];
  for (const [roomId, tally] of tallies) counts.push({ roomId, ...(await site.count(roomId, tally)) });
  const standing = await whatStands(site, audience, clientsAtFirst);
  await memory.sample();
  audience.close();
  await Promise.all(site.viewers.map((viewer) => viewer.close()));
  const channelsLeft = await healed(channels, site, (found) => found.length === 0);
  await memory.sample();

  const outcome = {
    happened,
    failures,
    counts,
    told: [...tallies.values()].reduce((sum, tally) => sum + tally.told, 0),
    answers: answersTo(site, audience),
    courses: memory.courses,
    ...standing,
    channelsLeft,
  };
  return { ...outcome, broken: brokenPromises(outcome) };
}

/** What stands once all is mended, with everyone there. */
async function whatStands(site: Site, { rooms, perRoom }: Audience, clientsAtFirst: number) {
  const countAll = () => Promise.all(rooms.map((roomId) => connectionCount(site.node(), roomId)));
  const isDue = (found: (number | string)[]) => found.every((count) => count === perRoom);
  return {
    connections: { found: await healed(countAll, site, isDue), due: perRoom },
    channels: {
      found: await healed(channels, site, (found) => found.length === rooms.length),
      due: rooms.length,
    },
    clients: {
      found: await healed(redisClients, site, (found) => found === clientsAtFirst),
      due: clientsAtFirst,
    },
  };
}

/** Looks until what is found is due, for as long as healing may take; gives what was found last. */
async function healed<T>(
  look: (site: Site) => Promise<T>,
  site: Site,
  isDue: (found: T) => boolean,
): Promise<T> {
  let found = await look(site);
  const looking = async () => {
    found = await look(site);
    return isDue(found);
  };
  await until(looking, { what: 'all to heal', timeout: HEALING_MS, interval: 200 }).catch(() => undefined);
  return found;
}

async function channels({ redis }: Site): Promise<string[]> {
  return (await redis.cli('PUBSUB', 'CHANNELS')).split('\n').filter(Boolean);
}

async function redisClients({ redis }: Site): Promise<number> {
  return (await redis.cli('CLIENT', 'LIST')).trim().split('\n').length;
}

/** What senders, viewers and wanderers were answered, but for messages. */
function answersTo({ talkers, viewers }: Site, { wanderers }: Audience): Map<string, number> {
  const all = new Map<string, number>();
  const refusals = [...talkers, ...viewers].flatMap((someone) =>
    someone instanceof Talker || someone instanceof ResumingViewer ? [someone.refusals] : [],
  );
  for (const some of [...refusals, ...wanderers.map(({ answers }) => answers)]) {
    for (const [answer, count] of some) all.set(answer, (all.get(answer) ?? 0) + count);
  }
  return all;
}

/** Acts at intervals; what fails while something is broken is tried again. */
async function again(ms: number, over: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!over.aborted) {
    await sleep(ms, undefined, { signal: over }).catch(() => undefined);
    await act().catch(() => undefined);
  }
}
