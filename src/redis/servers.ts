import { type ConnectOptions, connectRedis } from '#redis/client/connections.js';
import { oneServer } from '#redis/client/one-server.js';
import type { Servers } from '#redis/client/servers.js';
import { type ClusterOptions, openCluster } from '#redis/client/shards/cluster.js';

/** Starts connecting to Redis and returns at once. It neither throws nor waits if Redis is down. */
export function openServers(options: ConnectOptions | ClusterOptions): Servers {
  return 'nodes' in options ? openCluster(options) : oneServer(connectRedis(options));
}
