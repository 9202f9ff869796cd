import { type Address, addressText, type NatMap } from '#redis/client/address.js';
import { resolveAddress } from './address.js';

/** The number of slots of every Cluster. */
export const SLOT_COUNT = 16_384;

/** Consecutive slots, both ends included. */
export type SlotRange = readonly [first: number, last: number];

/** Which primary has which slot, as one node of the Cluster saw it. Immutable. */
export class SlotMap {
  private constructor(
    /** The name of the primary that has each slot. Undefined if no node has it. */
    readonly owners: readonly (string | undefined)[],
    private readonly addresses: ReadonlyMap<string, Address>,
    /** The replicas of each primary, by its name. */
    readonly replicasOf: ReadonlyMap<string, readonly Address[]>,
  ) {}

  /** Reads the reply to CLUSTER SLOTS of the node at `asked`. */
  static parse(reply: unknown, asked: Address, natMap?: NatMap): SlotMap {
    const owners: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
    const addresses = new Map<string, Address>();
    const replicas = new Map<string, Map<string, Address>>();
    for (const [first, last, ...nodes] of reply as [number, number, ...AnnouncedNode[]][]) {
      const [primary, ...others] = nodes.map((node) => resolveNode(node, asked, natMap));
      if (primary === undefined) continue;
      const name = addressText(primary);
      addresses.set(name, primary);
      owners.fill(name, Number(first), Number(last) + 1);
      const group = replicas.get(name) ?? new Map<string, Address>();
      for (const replica of others) group.set(addressText(replica), replica);
      replicas.set(name, group);
    }
    const replicasOf = new Map([...replicas].map(([name, group]) => [name, [...group.values()]]));
    return new SlotMap(owners, addresses, replicasOf);
  }

  /** All primaries that have slots, by name. */
  get primaries(): ReadonlyMap<string, Address> {
    return this.addresses;
  }

  /** All replicas. They also know the map. */
  get replicas(): Address[] {
    return [...this.replicasOf.values()].flat();
  }

  /** The slots that no node has. */
  get uncovered(): SlotRange[] {
    const ranges: [number, number][] = [];
    for (const [slot, owner] of this.owners.entries()) {
      if (owner !== undefined) continue;
      const last = ranges.at(-1);
      if (last?.[1] === slot - 1) last[1] = slot;
      else ranges.push([slot, slot]);
    }
    return ranges;
  }

  /** Whether every slot has the same primary in both maps. */
  isLike(other: SlotMap | undefined): boolean {
    // While slots move, every refused command asks this, usually about the same map.
    if (other === this) return true;
    return other !== undefined && this.owners.every((name, slot) => name === other.owners[slot]);
  }

  /** How many slots each primary has, by name. */
  get sizes(): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    for (const owner of this.owners) if (owner !== undefined) sizes.set(owner, (sizes.get(owner) ?? 0) + 1);
    return sizes;
  }

  /** The map after one slot has moved. */
  moved(slot: number, to: Address): SlotMap {
    const name = addressText(to);
    if (this.owners[slot] === name) return this;
    const owners = this.owners.with(slot, name);
    const owning = new Set(owners);
    const addresses = [...this.addresses, [name, to] as const].filter(([key]) => owning.has(key));
    return new SlotMap(owners, new Map(addresses), this.replicasOf);
  }
}

/** Host, port, id and, since Redis 7, pairs such as `["ip", "127.0.0.1"]` with what else is known of the node. */
type AnnouncedNode = readonly [host: string | null, port: number, id?: string, more?: readonly string[]];

function resolveNode([host, port, , more]: AnnouncedNode, asked: Address, natMap?: NatMap): Address {
  // A node that should be named by its host name but has none is announced as `?`, with its address beside it.
  const ip = host === '?' && more?.includes('ip') ? more[more.indexOf('ip') + 1] : undefined;
  return resolveAddress({ host: ip ?? host, port: Number(port) }, asked, natMap);
}
