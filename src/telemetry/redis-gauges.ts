import { Gauge, type Registry } from 'prom-client';

/** The fields of INFO that become metrics. */
const FIELDS: readonly (readonly [metric: string, field: string, help: string])[] = [
  ['memory_used_bytes', 'used_memory', 'Memory that Redis uses.'],
  ['memory_max_bytes', 'maxmemory', 'Memory limit of Redis; 0 means no limit.'],
  [
    'memory_fragmentation_ratio',
    'mem_fragmentation_ratio',
    'Resident memory of Redis divided by the memory it uses.',
  ],
  ['keys', 'db0.keys', 'Keys in database 0.'],
  ['expiring_keys', 'db0.expires', 'Keys in database 0 that have an expiry.'],
  ['clients', 'connected_clients', 'Connected clients.'],
  ['blocked_clients', 'blocked_clients', 'Clients in a blocking call.'],
  ['pubsub_channels', 'pubsub_channels', 'Channels with at least one subscriber.'],
  ['replicas', 'connected_slaves', 'Connected replicas.'],
  ['commands', 'total_commands_processed', 'Commands processed since Redis started.'],
  ['commands_per_second', 'instantaneous_ops_per_sec', 'Commands per second, as Redis measures them.'],
  ['keyspace_hits', 'keyspace_hits', 'Lookups of existing keys since Redis started.'],
  ['keyspace_misses', 'keyspace_misses', 'Lookups of missing keys since Redis started.'],
  ['expired_keys', 'expired_keys', 'Keys that expired since Redis started.'],
  ['evicted_keys', 'evicted_keys', 'Keys evicted to free memory since Redis started.'],
  ['rejected_connections', 'rejected_connections', 'Connections rejected by maxclients since Redis started.'],
  ['uptime_seconds', 'uptime_in_seconds', 'Seconds since Redis started.'],
];

/** Adds metrics of Redis from the latest INFO. While it is unknown, only `streamly_redis_up` has a value. */
export function addRedisGauges(
  registry: Registry,
  latest: () => ReadonlyMap<string, string> | undefined,
): void {
  new Gauge({
    name: 'streamly_redis_up',
    help: '1 if Redis answered the last INFO, else 0.',
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
        // INFO has no `db0` line if the database is empty.
        const value = Number(info?.get(field) ?? (field.startsWith('db0.') && info ? 0 : Number.NaN));
        if (Number.isFinite(value)) this.set(value);
        else this.remove();
      },
    });
  }
}
