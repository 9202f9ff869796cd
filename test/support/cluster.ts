import { type ClusterNode, type ClusterNodeOptions, startClusterNode } from './cluster-node.js';
import { hasSlot, parseNodes, range, type Shard, viewOf } from './cluster-view.js';
import { SLOTS, slotOf } from './key-slot.js';
import { moveSlots, type SlotMove } from './reshard.js';
import { until } from './until.js';

export { NODE_TIMEOUT_MS } from './cluster-node.js';
export type { ClusterNode, Shard };

export interface ClusterOptions extends ClusterNodeOptions {
  /** The number of primaries. Defaults to 3, the fewest that can agree on a failover. */
  shards?: number;
  /** Replicas of each primary. Defaults to 1. */
  replicas?: number;
}

/**
 * A real Redis Cluster on loopback. Each server can be killed, hung and restarted on its own. In the secured run, the
 * cluster uses TLS, a password and the ACL file of deploy/, like any other test server.
 */
export class Cluster {
  /** All servers that are part of the cluster, running or not. */
  readonly nodes: ClusterNode[] = [];
  readonly #removed: ClusterNode[] = [];

  private constructor(private readonly options: ClusterOptions) {}

  /** Resolves once every server lists every shard with all its replicas, and all of them are in step. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.#form();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Addresses of all servers, for REDIS_CLUSTER_NODES. */
  get addresses(): string {
    return this.nodes.map(({ address }) => address).join(',');
  }

  /** The settings of a node on this cluster. */
  get variables(): Record<string, string | undefined> {
    const { username, password, protocol } = new URL(this.nodes[0]!.url);
    return {
      REDIS_CLUSTER_NODES: this.addresses,
      ...(password !== '' && { REDIS_USERNAME: username, REDIS_PASSWORD: password }),
      ...(protocol === 'rediss:' && { REDIS_TLS: 'servers' }),
    };
  }

  /** The shards as this server, or the first that answers, sees them, in the order of their first slots. */
  async shards(askedNode?: ClusterNode): Promise<Shard[]> {
    // A server that hangs does not answer, and one that was killed refuses.
    const asked = askedNode ? [askedNode] : this.nodes;
    const reply = await Promise.any(asked.map((node) => node.cli('CLUSTER', 'NODES')));
    const known = parseNodes(reply);
    const byId = (id: string) => this.nodes.find((node) => node.id === id);
    const shards = known.flatMap(({ id, isPrimary, ranges }) => {
      const primary = byId(id);
      if (!isPrimary || ranges.length === 0 || primary === undefined) return [];
      const replicas = known.flatMap((each) => (each.primaryId === id ? (byId(each.id) ?? []) : []));
      return [{ primary, replicas, ranges }];
    });
    return shards.sort((a, b) => a.ranges[0]![0] - b.ranges[0]![0]);
  }

  /** The shard that has a key now. */
  async shardOf(key: string): Promise<Shard> {
    const slot = slotOf(key);
    const found = (await this.shards()).find(({ ranges }) => hasSlot(ranges, slot));
    if (found === undefined) throw new Error(`No shard has slot ${slot} of ${key}.`);
    return found;
  }

  /** Ids of `count` rooms whose messages are on this shard: `room0`, `room3` and so on. */
  roomsOn(shard: Shard, count: number, prefix = 'room'): string[] {
    const rooms: string[] = [];
    for (let number = 0; rooms.length < count; number += 1) {
      const roomId = `${prefix}${number}`;
      if (this.isOn(shard, roomId)) rooms.push(roomId);
    }
    return rooms;
  }

  /** Whether the messages of a room are on this shard. */
  isOn({ ranges }: Shard, roomId: string): boolean {
    return hasSlot(ranges, slotOf(`messages:${roomId}`));
  }

  /** Runs a command on the primary that has a key. The key need not be an argument. */
  async cliFor(key: string, command: string, ...args: string[]): Promise<string> {
    return (await this.shardOf(key)).primary.cli(command, ...args);
  }

  /**
   * Moves slots from one primary to another while both serve, and waits until every server that answers knows. Returns the
   * number of slots that were moved.
   */
  async moveSlots(move: Omit<SlotMove, 'others'>): Promise<number> {
    const others = this.nodes.filter((node) => node !== move.from && node !== move.to);
    const moved = await moveSlots({ ...move, others });
    const last = move.slots.at(-1);
    const knows = async (node: ClusterNode) => {
      const owner = await this.#ownerOf(last!, node).catch(() => move.to);
      return owner === move.to;
    };
    if (last !== undefined) {
      await until(async () => (await Promise.all(this.nodes.map(knows))).every(Boolean), {
        what: 'all servers to know of the move',
      });
    }
    return moved;
  }

  /** Adds a primary without slots, and its replicas. Returns the primary. */
  async addShard(): Promise<ClusterNode> {
    const { replicas = 1 } = this.options;
    const added = await this.#startNodes(1 + replicas);
    const [primary, ...rest] = added as [ClusterNode, ...ClusterNode[]];
    await this.#meet(added);
    await Promise.all(rest.map((replica) => replica.cli('CLUSTER', 'REPLICATE', primary.id)));
    // Until then they refuse commands.
    const isUp = async (node: ClusterNode) =>
      (await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await until(async () => (await Promise.all(added.map(isUp))).every(Boolean), {
      what: 'the new servers to know the state of the cluster',
      interval: 50,
    });
    return primary;
  }

  /** Moves all slots of a shard to the others, and ends its servers. */
  async removeShard(primary: ClusterNode): Promise<void> {
    const shards = await this.shards(primary);
    const leaving = shards.find((shard) => shard.primary === primary);
    const staying = shards.filter((shard) => shard !== leaving);
    const slots = (leaving?.ranges ?? []).flatMap(([from, to]) => range(from, to));
    const share = Math.ceil(slots.length / staying.length);
    for (const [index, { primary: to }] of staying.entries()) {
      await this.moveSlots({ from: primary, to, slots: slots.slice(index * share, (index + 1) * share) });
    }
    const gone = [primary, ...(leaving?.replicas ?? [])];
    const left = this.nodes.filter((node) => !gone.includes(node));
    this.nodes.splice(0, this.nodes.length, ...left);
    this.#removed.push(...gone);
    for (const { id } of gone) await Promise.all(left.map((node) => node.cli('CLUSTER', 'FORGET', id)));
    await Promise.all(gone.map((node) => node.close()));
  }

  /** Hangs a replica and makes sure that nothing that its primary stores from now on reaches it, even later. */
  async cutOff(replica: ClusterNode, primary: ClusterNode): Promise<void> {
    replica.hang();
    // What is written to the connection would wait in its buffer until the replica is resumed.
    await primary.cli('CLIENT', 'KILL', 'TYPE', 'replica');
  }

  /** Waits until another server has the slots of one that failed, and all others agree. Returns the new primary. */
  async untilPromoted(failed: ClusterNode, slot: number): Promise<ClusterNode> {
    const running = this.nodes.filter((node) => node !== failed);
    return until(
      async () => {
        const views = await Promise.all(running.map((node) => this.#ownerOf(slot, node)));
        return (
          views.every((owner) => owner !== undefined && owner !== failed && owner === views[0]) && views[0]
        );
      },
      { what: 'a replica to be promoted', interval: 100 },
    ) as Promise<ClusterNode>;
  }

  /**
   * Waits until every server runs, sees all slots covered, agrees with the others on who has them, and every primary with
   * slots has its replicas in step.
   */
  async untilHealthy(): Promise<void> {
    const { replicas = 1 } = this.options;
    const view = async (node: ClusterNode) => viewOf(node, await this.shards(node), replicas);
    // A primary that was replaced while it hung takes itself for healthy until it hears of that.
    const check = async () => {
      const views = await Promise.all(this.nodes.map(view));
      const agree =
        views.every(({ isHealthy }) => isHealthy) && new Set(views.map(({ owners }) => owners)).size === 1;
      if (!agree) throw new Error(views.map(({ text }) => text).join('; '));
      return true;
    };
    await until(check, { what: 'the cluster to be healthy', timeout: 40_000, interval: 200 });
  }

  /** Ends every server in any state. Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all([...this.nodes, ...this.#removed].map((node) => node.close()));
  }

  async #form(): Promise<void> {
    const { shards = 3, replicas = 1 } = this.options;
    const all = await this.#startNodes(shards * (1 + replicas));
    const primaries = all.slice(0, shards);
    const share = SLOTS / shards;
    await Promise.all(all.map((node, index) => node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))));
    await Promise.all(
      primaries.map((node, index) => {
        const bounds = [Math.round(index * share), Math.round((index + 1) * share) - 1];
        return node.cli('CLUSTER', 'ADDSLOTSRANGE', ...bounds.map(String));
      }),
    );
    await this.#meet(all);
    await Promise.all(
      all.slice(shards).map((node, index) => node.cli('CLUSTER', 'REPLICATE', primaries[index % shards]!.id)),
    );
    await this.untilHealthy();
  }

  async #startNodes(count: number): Promise<ClusterNode[]> {
    const starting = Array.from({ length: count }, async () => {
      const node = await startClusterNode(this.options);
      this.nodes.push(node);
      return node;
    });
    // If one cannot start, `close` must still find the others.
    const settled = await Promise.allSettled(starting);
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /** Introduces servers to all others, and waits until everybody knows everybody. */
  async #meet(added: readonly ClusterNode[]): Promise<void> {
    for (const node of added) {
      const others = this.nodes.filter((other) => other !== node);
      const introduce = ({ port, busPort }: ClusterNode) =>
        node.cli('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
      await Promise.all(others.map(introduce));
    }
    const knowsAll = async (node: ClusterNode) => {
      const known = await node.cli('CLUSTER', 'NODES');
      return !known.includes('handshake') && this.nodes.every(({ id }) => known.includes(id));
    };
    await until(async () => (await Promise.all(this.nodes.map(knowsAll))).every(Boolean), {
      what: 'the servers to know each other',
      interval: 50,
    });
  }

  async #ownerOf(slot: number, asked: ClusterNode): Promise<ClusterNode | undefined> {
    const shards = await this.shards(asked);
    return shards.find(({ ranges }) => hasSlot(ranges, slot))?.primary;
  }
}
