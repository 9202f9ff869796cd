/** Computes what a site needs from what it has to serve. A pure function of its arguments and of constants.ts. */
import { MEASURED } from './constants.js';
import type { Demand, Plan } from './demand.js';

/** A demand that no number of machines serves. The message says which limit, and what to change. */
export class ImpossibleDemand extends Error {}

const GIGABYTE = 1e9;
/** More of either would mean that a figure was mistyped. */
const MOST = 100_000;
/** Redis needs room for the buffers of its clients and for fragmentation. */
const USABLE_MAXMEMORY = 0.8;
const LEAST_CLUSTER = 3;

/** Plans a site. Throws `ImpossibleDemand`. */
export function plan(demand: Demand): Plan {
  const nodes = planNodes(demand);
  const shards = planShards(demand, nodes.needed * demand.workers);
  const deliveriesPerSecond = (demand.messages * demand.viewers) / demand.rooms;
  const bytesPerSecond = deliveriesPerSecond * deliveryBytes(demand);
  return {
    deliveriesPerSecond,
    gigabitsPerSecond: (bytesPerSecond * 8) / GIGABYTE,
    nodes,
    shards,
    cost: {
      nodes: (nodes.needed + demand.spareNodes) * demand.nodePrice,
      shards: shards.needed * (1 + demand.replicas) * demand.shardPrice,
      traffic: ((bytesPerSecond * 3_600) / GIGABYTE) * demand.trafficPrice,
    },
  };
}

/**
 * The workers of one room that have a viewer in it, if the load balancer spreads the viewers at random. Each of them
 * subscribes to the room, and each message goes to each of them.
 */
export function workersOfRoom({ viewers, rooms }: Demand, workers: number): number {
  const perRoom = viewers / rooms;
  return workers * -Math.expm1(perRoom * Math.log1p(-1 / Math.max(workers, 1 + 1e-9)));
}

/** Bytes of a room in Redis: between the measured sizes, and beyond the last one, along a line. */
export function bytesOfRoom(history: number, content: number): number {
  const points = MEASURED.redis.room;
  const next = points.findIndex(([messages]) => messages >= history);
  const upper = next <= 0 ? (next === 0 ? 1 : points.length - 1) : next;
  const [fromMessages, fromBytes] = points[upper - 1]!;
  const [toMessages, toBytes] = points[upper]!;
  const slope = (toBytes - fromBytes) / (toMessages - fromMessages);
  return fromBytes + (history - fromMessages) * slope + history * extraBytes(content);
}

function planNodes(demand: Demand): Plan['nodes'] {
  const { viewers, load, workers } = demand;
  const bytesPerSecond = ((demand.messages * viewers) / demand.rooms) * deliveryBytes(demand);
  const limits = {
    CPU: least(
      (nodes) => workerCpu(demand, nodes * workers) <= load,
      'CPU',
      '--delay, --messages or --head-check',
    ),
    memory: least(
      (nodes) => workerMemory(demand, nodes * workers) * workers <= load * demand.nodeMemory * GIGABYTE,
      'memory',
      '--node-memory, --room-log or --workers',
    ),
    network: Math.ceil((bytesPerSecond * 8) / (load * demand.nodeNetwork * GIGABYTE)) || 1,
    connections: Math.ceil(viewers / (load * MEASURED.connections * workers)) || 1,
  };
  const needed = Math.max(...Object.values(limits));
  const all = needed * workers;
  return {
    needed,
    limits,
    viewersPerWorker: viewers / all,
    roomsPerWorker: (demand.rooms * workersOfRoom(demand, all)) / all,
    cpu: workerCpu(demand, all),
    memory: workerMemory(demand, all),
  };
}

/**
 * The share of a core that one of so many workers needs. A worker writes to each viewer at most once for each message,
 * and has to write to all of them within the delay: if it cannot keep up, messages share a write.
 */
function workerCpu(demand: Demand, workers: number): number {
  const { node } = MEASURED;
  const { viewers, rooms, messages } = demand;
  const perRoom = messages / rooms;
  const writes = Math.min(perRoom, 1_000 / demand.delayMs);
  const openRooms = rooms * workersOfRoom(demand, workers);
  const micros =
    viewers * (writes * node.write + perRoom * node.delivery) +
    openRooms * (perRoom * node.arrival + idle(node.idleRoom, demand)) +
    demand.joins * node.join +
    messages * node.send;
  return micros / 1e6 / workers;
}

/** Bytes of one of so many workers. */
function workerMemory(demand: Demand, workers: number): number {
  const { node } = MEASURED;
  const openRooms = demand.rooms * workersOfRoom(demand, workers);
  const held = Math.min(demand.roomLog, demand.history) * (node.heldMessage + 2 * extraBytes(demand.content));
  return node.base + (demand.viewers * node.viewer + openRooms * (node.room + held)) / workers;
}

function planShards(demand: Demand, workers: number): Plan['shards'] {
  const { load, rooms } = demand;
  const cpuOf = (shards: number) => shardCpu(demand, workers, shards);
  const memoryOf = (shards: number) => shardMemory(demand, workers, shards);
  const room = 'a room cannot be divided over shards';
  const limits = {
    CPU: least((shards) => cpuOf(shards) <= load, 'CPU of Redis', `--messages or --head-check (${room})`),
    memory: least(
      (shards) => memoryOf(shards) <= USABLE_MAXMEMORY * demand.shardMemory * GIGABYTE,
      'memory of Redis',
      `--history or --shard-memory (${room})`,
    ),
  };
  const atLeast = Math.max(...Object.values(limits));
  const needed = atLeast === 1 ? 1 : Math.max(atLeast, LEAST_CLUSTER);
  const roomsOfShard = Math.ceil(rooms / needed);
  return {
    needed,
    limits,
    rooms: roomsOfShard,
    messages: (demand.messages / rooms) * roomsOfShard,
    cpu: cpuOf(needed),
    memory: memoryOf(needed),
    reconcileSeconds: (workers * viewersOfShard(demand, needed) * MEASURED.redis.reconcile) / 1e6,
  };
}

/** The share of a core that the busiest of so many shards needs. */
function shardCpu(demand: Demand, workers: number, shards: number): number {
  const { redis } = MEASURED;
  const subscribers = workersOfRoom(demand, workers);
  const room =
    (demand.messages / demand.rooms) * (redis.append + subscribers * redis.publish) +
    subscribers * idle(redis.idleRoom, demand);
  const sweep = (viewersOfShard(demand, shards) * redis.sweep) / redis.sweepSeconds;
  return (Math.ceil(demand.rooms / shards) * room + (demand.joins * redis.join) / shards + sweep) / 1e6;
}

/** The viewers in the rooms of the busiest shard. */
function viewersOfShard({ viewers, rooms }: Demand, shards: number): number {
  return (Math.ceil(rooms / shards) * viewers) / rooms;
}

/** Bytes of the busiest of so many shards. Each viewer has a session. */
function shardMemory(demand: Demand, workers: number, shards: number): number {
  const { redis } = MEASURED;
  const { viewers, rooms } = demand;
  const nonce = redis.nonce + extraBytes(demand.content);
  const room =
    bytesOfRoom(demand.history, demand.content) +
    (viewers / rooms) * redis.viewer +
    (demand.messages / rooms) * redis.nonceSeconds * nonce +
    workersOfRoom(demand, workers) * redis.subscription;
  return redis.base + Math.ceil(rooms / shards) * room + (viewers / shards) * redis.session;
}

/** What an idle room costs, which is the check of its head. */
function idle(measured: number, { headCheckMs }: Demand): number {
  return (measured * MEASURED.headCheckMs) / headCheckMs;
}

function deliveryBytes({ content }: Demand): number {
  return MEASURED.node.deliveryBytes + extraBytes(content);
}

/** Bytes by which a message is longer than the measured ones, or shorter (negative). */
function extraBytes(content: number): number {
  return content - MEASURED.contentLength;
}

/** The least number of machines that is enough. `enough` must stay true above it. */
function least(enough: (count: number) => boolean, what: string, change: string): number {
  if (!enough(MOST)) {
    throw new ImpossibleDemand(`No number of machines has enough ${what} for this: change ${change}.`);
  }
  let [low, high] = [1, MOST];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
