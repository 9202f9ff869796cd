/** What a site has to serve, on which machines. */
export interface Demand {
  viewers: number;
  /** Rooms of equal size. */
  rooms: number;
  /** Messages a second, over all rooms. */
  messages: number;
  /** Messages that a room keeps. */
  history: number;
  /** Characters in a message. */
  content: number;
  /** Viewers who connect within a second. */
  joins: number;
  /** Milliseconds that a message may take to the last viewer of a worker. */
  delayMs: number;
  /** The share of CPU, memory and network that may be used, from 0 to 1. The rest is for peaks. */
  load: number;
  /** Workers on a node: its cores. */
  workers: number;
  /** Gigabytes of memory of a node. */
  nodeMemory: number;
  /** Gigabits a second that a node can send. */
  nodeNetwork: number;
  /** Nodes that may be away, for a deployment or a fault. */
  spareNodes: number;
  /** `maxmemory` of a shard, in gigabytes. */
  shardMemory: number;
  /** Replicas of each shard. */
  replicas: number;
  /** HEAD_CHECK_MS and ROOM_LOG_CAPACITY. */
  headCheckMs: number;
  roomLog: number;
  /** Prices of a node and of a Redis server by the hour, and of traffic by the gigabyte. */
  nodePrice: number;
  shardPrice: number;
  trafficPrice: number;
}

/** How many machines each limit alone would ask for. */
export type Limits<Name extends string> = Readonly<Record<Name, number>>;

export interface Plan {
  deliveriesPerSecond: number;
  gigabitsPerSecond: number;
  nodes: {
    /** Without the spare ones. */
    needed: number;
    limits: Limits<'CPU' | 'memory' | 'network' | 'connections'>;
    viewersPerWorker: number;
    roomsPerWorker: number;
    /** The CPU of a worker that its work takes, from 0 to 1, and its memory in bytes. */
    cpu: number;
    memory: number;
  };
  shards: {
    /** 1 is a single Redis. A Cluster begins at 3. */
    needed: number;
    limits: Limits<'CPU' | 'memory'>;
    /** Of the busiest shard: its rooms, messages a second, CPU from 0 to 1, and memory in bytes. */
    rooms: number;
    messages: number;
    cpu: number;
    memory: number;
    /** Seconds of CPU time that a shard spends after an outage, when all workers compare their viewers with it. */
    reconcileSeconds: number;
  };
  /** By the hour. */
  cost: { nodes: number; shards: number; traffic: number };
}
