import type { Address } from '#redis/client/address.js';
import type { Shard } from './shard.js';
import { SlotMap } from './slot-map.js';
import type { Topology } from './topology.js';

/** How often the map is read, in milliseconds. Also on MOVED, and when a connection closes. */
const EVERY_MS = 1_000;

/** The least time between two rounds, in milliseconds. While slots move, there is a reason for one all the time. */
const PAUSE_MS = 50;

/** If a node has not answered after this time, the next one is asked as well, in milliseconds. */
const HEDGE_MS = 250;

/**
 * A map of an older epoch is not adopted while one of the newest epoch was seen within this time, in milliseconds.
 * Later it is: the Cluster may have been created again.
 */
const TRUST_MS = 5_000;

/** What a node answered: its map, and the epoch of the Cluster as far as the node knows. */
interface Answer {
  readonly map: SlotMap;
  readonly epoch: number;
}

/**
 * Finds out which shard has which slot. Every failover and every resharding gives the Cluster a higher epoch, so a
 * primary that was cut off, and replaced meanwhile, cannot bring back the map of before.
 */
export class Discovery {
  #epoch = -1;
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #round = 0;
  /** `busy again`: something changed during this round, so another one follows. */
  #phase: 'idle' | 'busy' | 'busy again' | 'closed' = 'idle';
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly topology: Topology,
    private readonly seeds: readonly Address[],
    /** Called after each round. */
    private readonly onRound: () => void,
  ) {
    topology.onEvent((event) => {
      if (event.kind === 'subscriber lost' || event.kind === 'subscriber moved') this.refresh();
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.refresh(), EVERY_MS);
    this.refresh();
  }

  /** Reads the map now, or again after the round under way. */
  refresh(): void {
    if (this.#phase === 'busy') this.#phase = 'busy again';
    if (this.#phase !== 'idle') return;
    this.#phase = 'busy';
    void this.#askNodes().then(async () => {
      if (this.#phase !== 'closed') this.onRound();
      await waitFor(PAUSE_MS);
      if (this.#phase === 'closed') return;
      const isDue = this.#phase === 'busy again';
      this.#phase = 'idle';
      if (isDue) this.refresh();
    });
  }

  /** Stops reading the map. Safe to call twice. */
  close(): void {
    this.#phase = 'closed';
    clearInterval(this.#timer);
  }

  /** Asks one node after another until one has answered with a map that is not outdated. */
  async #askNodes(): Promise<void> {
    this.#round += 1;
    let isDone = false;
    const asked = [];
    for (const shard of this.#nodes()) {
      const asking = this.#ask(shard).then((isAdopted) => {
        isDone ||= isAdopted;
      });
      asked.push(asking);
      await waitFor(HEDGE_MS, asking);
      if (isDone || this.#phase === 'closed') return;
    }
    await waitFor(EVERY_MS, Promise.all(asked));
  }

  /** Connected shards in turn, so that no single one decides. If none answers, every other node that is known. */
  *#nodes(): Generator<Shard> {
    const { topology } = this;
    const members = topology.members.filter(({ commands }) => commands.status === 'ready');
    const start = members.length === 0 ? 0 : this.#round % members.length;
    yield* [...members.slice(start), ...members.slice(0, start)];
    const addresses = [...this.seeds, ...(topology.map?.replicas ?? [])];
    for (const shard of new Set(addresses.map((address) => topology.shardAt(address)))) {
      if (!members.includes(shard)) yield shard;
    }
  }

  /** Returns whether the node's map was adopted, or confirmed the one that is known. Never rejects. */
  async #ask(shard: Shard): Promise<boolean> {
    if (shard.commands.status !== 'ready') await shard.attempted;
    if (shard.commands.status !== 'ready') return false;
    try {
      const answer = await readMap(shard, this.topology.natMap);
      shard.lastError = undefined;
      return this.#adopt(answer);
    } catch (error) {
      // The readiness check shows it while no node answers.
      shard.lastError = error as Error;
      return false;
    }
  }

  #adopt({ map, epoch }: Answer): boolean {
    if (this.#phase === 'closed' || map.primaries.size === 0) return false;
    const now = performance.now();
    if (epoch < this.#epoch && now - this.#confirmedAt < TRUST_MS) return false;
    this.#epoch = epoch;
    this.#confirmedAt = now;
    this.topology.adopt(map);
    return true;
  }
}

/** Resolves after this time, or as soon as the work has settled, which must not reject. */
function waitFor(ms: number, work?: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work?.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Reads map and epoch in one round trip. Throws Redis and connection errors unchanged. */
async function readMap({ commands, address }: Shard, natMap: Topology['natMap']): Promise<Answer> {
  const replies = await commands.pipeline().cluster('INFO').cluster('SLOTS').exec();
  const [info, slots] = (replies ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
  const epoch = Number(/cluster_current_epoch:(\d+)/.exec(String(info))?.[1] ?? 0);
  return { map: SlotMap.parse(slots, address, natMap), epoch };
}
