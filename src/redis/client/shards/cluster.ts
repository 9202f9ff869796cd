import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import type { Address } from '#redis/client/address.js';
import type { Server, Servers } from '#redis/client/servers.js';
import type { NatMap } from './address.js';
import { Discovery } from './discovery.js';
import { Readiness } from './readiness.js';
import { route } from './route.js';
import type { Shard, ShardOptions } from './shard.js';
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
  const channels = new ShardedChannels(topology, () => discovery.refresh());
  const discovery = new Discovery(topology, nodes, () => {
    channels.announceLost();
    topology.closeIdle();
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
    channels,
    isCluster: true,
    database: 0,
    connected: () => topology.members.filter(isUp).map(asServer),
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
      closing ??= topology.close();
      return closing;
    },
  };
}

function isUp({ commands }: Shard): boolean {
  return commands.status === 'ready';
}

function asServer({ name, commands }: Shard): Server {
  return { name, redis: commands satisfies Redis };
}
