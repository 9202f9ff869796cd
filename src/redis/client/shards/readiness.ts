import { serviceUnavailable } from '#domain/errors.js';
import { type Address, addressText } from '#redis/client/address.js';
import type { Shard } from './shard.js';
import { SLOT_COUNT, type SlotMap } from './slot-map.js';
import type { Topology } from './topology.js';

/** How often `whenReady` looks, in milliseconds. */
const LOOK_MS = 20;

/** Whether a Cluster can serve, and what is missing. */
export class Readiness {
  constructor(
    private readonly topology: Topology,
    private readonly seeds: readonly Address[],
  ) {}

  /** Shards that are not connected, by their names. The nodes to ask first while nothing else is known. */
  away(): string[] {
    const { map, members } = this.topology;
    if (map === undefined) return this.seeds.map(addressText);
    return members.filter(({ isConnected }) => !isConnected).map(({ name }) => name);
  }

  /** Shards that are not connected, and slots that nobody has. */
  missing(): string[] {
    const uncovered = this.topology.map?.uncovered ?? [];
    return [...this.away(), ...uncovered.map(([first, last]) => `slots ${first}-${last}`)];
  }

  /** Resolves once shards with most of the slots have answered. Throws SERVICE_UNAVAILABLE with the reason otherwise. */
  async check(): Promise<void> {
    const { map, members } = this.topology;
    if (map === undefined) throw serviceUnavailable(this.#whyNoMap());
    if (!(await answerForMost(map, members))) throw serviceUnavailable(this.#whyTooFew(members));
  }

  /** Resolves to true once the map is known and all its shards are connected, or to false after `withinMs`. */
  async whenReady(withinMs: number): Promise<boolean> {
    const end = performance.now() + withinMs;
    for (;;) {
      const { map, members } = this.topology;
      if (map && members.every(({ isConnected }) => isConnected)) return true;
      const error = map ? undefined : this.#seeds().find(({ mode }) => mode.error)?.mode.error;
      if (error) throw error;
      const left = end - performance.now();
      if (left <= 0) return false;
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, LOOK_MS)));
    }
  }

  #seeds(): Shard[] {
    return this.seeds.map((address) => this.topology.shardAt(address));
  }

  #whyNoMap(): string {
    const seeds = this.#seeds();
    const wrong = seeds.find(({ mode }) => mode.error);
    if (wrong) return wrong.mode.error!.message;
    if (seeds.some(({ commands, lastError }) => commands.status === 'ready' && lastError === undefined)) {
      return 'The nodes of REDIS_CLUSTER_NODES have no slots: create the Cluster with redis-cli --cluster create.';
    }
    const causes = seeds.map(({ name, lastError }) => `${name}: ${lastError?.message ?? 'no answer'}`);
    return `None of REDIS_CLUSTER_NODES answers (${causes.join('; ')}).`;
  }

  #whyTooFew(members: readonly Shard[]): string {
    const missing = this.missing().join(', ');
    if (members.length > 0 && members.every(({ wasConnected }) => !wasConnected)) {
      return `The Cluster announces addresses that cannot be reached from here (${missing}): set REDIS_NAT_MAP to pairs such as internal:6379=external:6379.`;
    }
    return missing === ''
      ? 'Most shards of the Cluster do not answer, or say that the Cluster is down.'
      : `Most shards of the Cluster do not answer. Missing: ${missing}.`;
  }
}

/** Whether shards with more than half of all slots answer. Resolves as soon as this is known. */
function answerForMost(map: SlotMap, members: readonly Shard[]): Promise<boolean> {
  const sizes = map.sizes;
  let slots = 0;
  const isMost = () => slots > SLOT_COUNT / 2;
  return new Promise((resolve) => {
    const all = members.map(async (shard) => {
      if (await answers(shard)) slots += sizes.get(shard.name) ?? 0;
      if (isMost()) resolve(true);
    });
    void Promise.all(all).then(() => resolve(isMost()));
  });
}

/** Whether all connections to a shard answer, and it can serve. A shard without a majority of the others says `fail`. */
async function answers({ commands, writer, subscriber }: Shard): Promise<boolean> {
  try {
    const [info] = await Promise.all([commands.cluster('INFO'), writer.ping(), subscriber.ping()]);
    return !String(info).includes('cluster_state:fail');
  } catch {
    return false;
  }
}
