import { Gauge, type Registry } from 'prom-client';

/** What of INFO is measured: the metric, its field, and what it says. */
const FIELDS: readonly (readonly [metric: string, field: string, help: string])[] = [
  ['memory_used_bytes', 'used_memory', 'Memory that Redis uses.'],
  ['memory_max_bytes', 'maxmemory', 'Memory that Redis may use; 0 for no limit.'],
  [
    'memory_fragmentation_ratio',
    'mem_fragmentation_ratio',
    'Memory that Redis holds, by what it uses of it.',
  ],
  ['keys', 'db0.keys', 'Keys that Redis holds.'],
  ['expiring_keys', 'db0.expires', 'Keys that will expire.'],
  ['clients', 'connected_clients', 'Clients that are connected to Redis.'],
  ['blocked_clients', 'blocked_clients', 'Clients that wait for something in Redis.'],
  ['pubsub_channels', 'pubsub_channels', 'Channels that somebody is subscribed to.'],
  ['replicas', 'connected_slaves', 'Replicas that are connected to Redis.'],
  ['commands', 'total_commands_processed', 'Commands since Redis started.'],
  ['commands_per_second', 'instantaneous_ops_per_sec', 'Commands a second, as Redis counts them.'],
  ['keyspace_hits', 'keyspace_hits', 'Reads of keys that were there, since Redis started.'],
  ['keyspace_misses', 'keyspace_misses', 'Reads of keys that were not there, since Redis started.'],
  ['expired_keys', 'expired_keys', 'Keys that expired, since Redis started.'],
  ['evicted_keys', 'evicted_keys', 'Keys that were dropped for want of memory, since Redis started.'],
  ['rejected_connections', 'rejected_connections', 'Clients that were one too many, since Redis started.'],
  ['uptime_seconds', 'uptime_in_seconds', 'Seconds since Redis started.'],
];

/** Redis' own health, as it last told it; no series where it is not known. */
export function addRedisGauges(
  registry: Registry,
  latest: () => ReadonlyMap<string, string> | undefined,
): void {
  new Gauge({
    name: 'streamly_redis_up',
    help: 'Whether Redis answered when it was last asked how it is.',
    registers: [registry],
    collect() {
      this.set(latest() === undefined ? 0 : 1);
    },
  });
  for (const [metric, field, help] of FIELDS) {
    new Gauge({
      name: `streamly_redis_${metric}`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        const info = latest();
        // An empty Redis has no line for its keys.
        const value = Number(info?.get(field) ?? (field.startsWith('db0.') && info ? 0 : Number.NaN));
        if (Number.isFinite(value)) this.set(value);
        else this.remove();
      },
    });
  }
}
