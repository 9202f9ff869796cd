import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, NODE_TIMEOUT_MS, type Shard } from '../../../test/support/cluster.js';
import { slotOf } from '../../../test/support/key-slot.js';
import type { Site } from '../../../test/support/site.js';
import type { Load } from './load.js';

/** What a fault may use. */
export interface Scene {
  site: Site;
  cluster: Cluster;
  load: Load;
  /** Returns numbers from 0 to 1. */
  random: () => number;
}

export interface Fault {
  name: string;
  /**
   * Causes the fault and ends it. Resolves when its cause is gone, with the rooms that may have noticed it: those of one
   * shard, or undefined if any room may.
   */
  happen(scene: Scene): Promise<readonly string[] | undefined>;
}

/** Slots that a resharding moves besides those of rooms. */
const EMPTY_SLOTS = 300;

const oneOf = <T>(values: readonly T[], random: () => number): T =>
  values[Math.floor(random() * values.length)]!;

/** A fault of one shard, whose rooms are those that may notice it. */
const ofShard = (name: string, happen: (shard: Shard, scene: Scene) => Promise<void>): Fault => ({
  name,
  async happen(scene) {
    const shard = oneOf(await scene.cluster.shards(), scene.random);
    const rooms = scene.load.roomsOn(shard);
    await happen(shard, scene);
    return rooms;
  },
});

/** Moves some rooms of a shard to another, among slots that are empty. */
async function reshard(from: Shard, to: Shard, { cluster, load }: Scene): Promise<void> {
  const rooms = load.roomsOn(from).slice(0, 5);
  const slots = new Set(rooms.map((roomId) => slotOf(`messages:${roomId}`)));
  for (const [first, last] of from.ranges) {
    for (let slot = first; slot <= last && slots.size < EMPTY_SLOTS; slot += 1) slots.add(slot);
  }
  await cluster.moveSlots({ from: from.primary, to: to.primary, slots: [...slots] });
}

export const FAULTS: readonly Fault[] = [
  ofShard('a primary killed, replaced, and back as a replica', async ({ primary, ranges }, { cluster }) => {
    await primary.kill();
    await cluster.untilPromoted(primary, ranges[0]![0]);
    await primary.restart();
  }),
  ofShard('a primary hung until it was replaced', async ({ primary, ranges }, { cluster }) => {
    primary.hang();
    await cluster.untilPromoted(primary, ranges[0]![0]);
    primary.resume();
  }),
  ofShard('a primary hung for a moment', async ({ primary }, { random }) => {
    primary.hang();
    await sleep(random() * NODE_TIMEOUT_MS * 0.5);
    primary.resume();
  }),
  ofShard('a primary replaced on request', async ({ primary, replicas, ranges }, { cluster }) => {
    await replicas[0]!.cli('CLUSTER', 'FAILOVER');
    await cluster.untilPromoted(primary, ranges[0]![0]);
  }),
  ofShard('a replica killed and restarted', async ({ replicas }, { random }) => {
    const replica = oneOf(replicas, random);
    await replica.kill();
    await sleep(random() * 2 * NODE_TIMEOUT_MS);
    await replica.restart();
  }),
  ofShard('connections to a primary killed', async ({ primary }) => {
    for (const type of ['pubsub', 'normal']) {
      await primary.cli('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    }
  }),
  {
    name: 'rooms and 300 slots moved to another shard',
    async happen(scene) {
      const shards = await scene.cluster.shards();
      const from = oneOf(shards, scene.random);
      const rooms = scene.load.roomsOn(from);
      const others = shards.filter((shard) => shard !== from);
      await reshard(from, oneOf(others, scene.random), scene);
      return rooms;
    },
  },
  {
    name: 'a shard added, given rooms, and removed',
    async happen(scene) {
      const { cluster } = scene;
      const added = await cluster.addShard();
      for (const shard of await cluster.shards()) {
        await reshard(shard, { primary: added, replicas: [], ranges: [] }, scene);
      }
      await cluster.untilHealthy();
      await cluster.removeShard(added);
      return undefined;
    },
  },
  {
    name: 'a node stopped by SIGTERM and replaced',
    async happen({ site, random }) {
      const node = oneOf(site.nodes, random);
      await site.addNode();
      node.signal('SIGTERM');
      const code = await node.exited;
      if (code !== 0) throw new Error(`A node exited with ${code}: ${node.output.stderr}`);
      return undefined;
    },
  },
  {
    name: 'a node killed and replaced',
    async happen({ site, random }) {
      const node = oneOf(site.nodes, random);
      node.signal('SIGKILL');
      await node.exited;
      await site.addNode();
      return undefined;
    },
  },
];
