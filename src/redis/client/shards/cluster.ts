import calculateSlot from 'cluster-key-slot';
import { Redis } from 'ioredis';
import { type Address, addressText, type NatMap } from '#redis/client/address.js';
import { connect } from '#redis/client/connect.js';
import { replicaOptions } from '#redis/client/connections.js';
import { Replicas } from '#redis/client/replicas.js';
import type { Server, Servers } from '#redis/client/servers.js';
import { Discovery } from './discovery.js';
import { Readiness } from './readiness.js';
import { route } from './route.js';
import { type Shard, type ShardOptions, urlOf } from './shard.js';
import { ShardedChannels } from './sharded-channels.js';
import { asking, shardedCommands } from './sharded-commands.js';
import { Topology } from './topology.js';

/** How to reach a Redis Cluster. */
export interface ClusterOptions extends ShardOptions {
  /** Some nodes of the Cluster. One that answers is enough: it names all others. */
  nodes: readonly Address[];
  /** For a Cluster that announces addresses which cannot be reached from here. */
  natMap?: NatMap;
}

/** Starts connecting to a Cluster and returns at once. It neither throws nor waits if the Cluster is down. */
export function openCluster({ nodes, natMap, ...options }: ClusterOptions): Servers {
  const { hooks = {} } = options;
  const topology = new Topology(options, natMap);
  const replicas = options.replicaReads ? openReplicas(options) : undefined;
  const channels = new ShardedChannels(topology, () => discovery.refresh());
  const discovery = new Discovery(topology, nodes, () => {
    channels.announceLost();
    topology.closeIdle();
    replicas?.adopt(topology.map?.replicasOf ?? new Map());
  });
  const readiness = new Readiness(topology, nodes);
  const run = <T>(slot: number, send: (shard: Shard, isAsking: boolean) => Promise<T>) =>
    route(topology, slot, send, () => discovery.refresh());
  const ownerOf = (key: string) => topology.ownerOf(calculateSlot(key));

  discovery.start();
  let closing: Promise<void> | undefined;
  return {
    commands: shardedCommands((slot, send) =>
      run(slot, ({ commands }, isAsking) => send(isAsking ? asking(commands) : commands)),
    ),
    write: (key, work) =>
      run(calculateSlot(key), ({ writer }, isAsking) => work(isAsking ? asking(writer) : writer)),
    replicaOf: (key) => {
      const primary = topology.map?.owners[calculateSlot(key)];
      return primary === undefined ? undefined : replicas?.next(primary);
    },
    channels,
    isCluster: true,
    database: 0,
    connected: () => topology.members.filter(isUp).map(asServer),
    away: () => readiness.away(),
    missing: () => readiness.missing(),
    isConnected: (key) => ownerOf(key)?.commands.status === 'ready',
    onConnected: (listener) =>
      topology.onEvent((event) => {
        if (event.kind !== 'connected') return;
        try {
          listener((key) => ownerOf(key) === event.shard);
        } catch (error) {
          hooks.onError?.('connected', error);
        }
      }),
    check: () => readiness.check(),
    ready: (withinMs) => readiness.whenReady(withinMs),
    close: () => {
      discovery.close();
      channels.close();
      closing ??= Promise.all([topology.close(), replicas?.close()]).then(() => undefined);
      return closing;
    },
  };
}

/** Replicas answer only on connections that have sent READONLY, and otherwise name their primary with MOVED. */
function openReplicas(options: ShardOptions): Replicas {
  const { commandTimeoutMs = 2_000, hooks = {} } = options;
  const settings = { ...replicaOptions(options), readOnly: true };
  return new Replicas({
    open: (address) => connect(new Redis(urlOf(addressText(address), options), settings), 'cluster'),
    closeWithinMs: commandTimeoutMs,
    hooks,
  });
}

function isUp({ commands }: Shard): boolean {
  return commands.status === 'ready';
}

function asServer({ name, commands }: Shard): Server {
  return { name, redis: commands };
}
