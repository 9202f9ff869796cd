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

type Fields = ReadonlyMap<string, string>;

/**
 * Adds metrics of Redis from the latest INFO of each server. They have the label `shard` in a Cluster, and none if there is
 * only one server. While a server does not answer, only `streamly_redis_up` has a value for it.
 */
export function addRedisGauges(
  registry: Registry,
  latest: () => ReadonlyMap<string, Fields | undefined>,
): void {
  addGauge(registry, 'up', '1 if Redis answered the last INFO, else 0.', latest, (info) => (info ? 1 : 0));
  for (const [metric, field, help] of FIELDS) {
    addGauge(registry, metric, help, latest, (info) =>
      // INFO has no `db0` line if the database is empty.
      Number(info?.get(field) ?? (field.startsWith('db0.') && info ? 0 : Number.NaN)),
    );
  }
}

/** Adds a gauge with one value for each server. A server without a finite value has none. */
function addGauge(
  registry: Registry,
  metric: string,
  help: string,
  latest: () => ReadonlyMap<string, Fields | undefined>,
  read: (info: Fields | undefined) => number,
): void {
  new Gauge({
    name: `streamly_redis_${metric}`,
    help,
    labelNames: ['shard'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [shard, info] of latest()) {
        const value = read(info);
        if (Number.isFinite(value)) this.set(shard === '' ? {} : { shard }, value);
      }
    },
  });
}
