import { MEASURED } from './constants.js';
import type { Demand, Limits, Plan } from './demand.js';

const HOURS_PER_MONTH = 730;
/** While Redis rewrites its append-only file, pages that change exist twice. */
const REWRITE = 1.5;

/** The plan as lines of text. */
export function report(demand: Demand, plan: Plan): string {
  const { nodes, shards } = plan;
  const all = nodes.needed + demand.spareNodes;
  const servers = shards.needed * (1 + demand.replicas);
  const rows: (readonly [string, string])[] = [
    ['deliveries a second', number(plan.deliveriesPerSecond)],
    ['traffic to viewers', `${number(plan.gigabitsPerSecond)} Gbit/s`],
    ['nodes', `${number(all)}: ${number(nodes.needed)} needed, ${number(demand.spareNodes)} spare`],
    ['  each limit alone', limits(nodes.limits)],
    ['workers', `${number(all * demand.workers)}, ${demand.workers} on each node`],
    [
      '  each, without spares',
      `${count(nodes.viewersPerWorker, 'viewer')}, ${count(nodes.roomsPerWorker, 'room')}, ${percent(nodes.cpu)} CPU, ${gigabytes(nodes.memory)}`,
    ],
    ['shards', shardsText(shards.needed, servers)],
    ['  each limit alone', limits(shards.limits)],
    [
      '  the busiest',
      `${count(shards.rooms, 'room')}, ${number(shards.messages)} messages/s, ${percent(shards.cpu)} CPU, ${gigabytes(shards.memory)}`,
    ],
    ['  memory of a server', `${gigabytes(demand.shardMemory * 1e9 * REWRITE)} or more`],
    ['a shard fails', `${count(shards.rooms, 'room')} of ${number(demand.rooms)}`],
    ['  they wait', failoverText()],
    ['  then, to count viewers', `${number(shards.reconcileSeconds)} s of CPU on it`],
    ['a node fails', `${count(demand.viewers / nodes.needed, 'viewer')} reconnect`],
    ...costRows(plan.cost),
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `${what.padEnd(width)}  ${value}`).join('\n');
}

function shardsText(shards: number, servers: number): string {
  const kind = shards === 1 ? 'one Redis, no Cluster' : 'a Cluster';
  return `${number(shards)}: ${kind}, ${count(servers, 'server')} with replicas`;
}

/** How long the rooms of a shard wait for a failover. */
function failoverText(): string {
  const { killed, hung } = MEASURED.failoverSeconds;
  return `cluster-node-timeout, and ${killed} s after a kill, ${hung} s after a hang`;
}

function costRows({ nodes, shards, traffic }: Plan['cost']): (readonly [string, string])[] {
  const hour = nodes + shards + traffic;
  if (hour === 0) return [];
  return [
    [
      'cost an hour',
      `${money(hour)}: nodes ${money(nodes)}, Redis ${money(shards)}, traffic ${money(traffic)}`,
    ],
    ['cost a month', money(hour * HOURS_PER_MONTH)],
  ];
}

/** Which limit asks for how many machines, the strictest first. */
function limits(counts: Limits<string>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ');
}

/** Three digits are as much as the measurements carry. */
function number(value: number): string {
  return value.toLocaleString(
    'en-US',
    value < 1_000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 },
  );
}

function count(value: number, what: string): string {
  const text = number(value);
  return `${text} ${what}${text === '1' ? '' : 's'}`;
}

function percent(share: number): string {
  return `${number(share * 100)} %`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toLocaleString('en-US', { maximumSignificantDigits: 2 })} GB`;
}

function money(amount: number): string {
  return amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
