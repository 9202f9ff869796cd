import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortTakenError } from '#dev/redis-process.js';
import { type RedisServer, startRedis } from './redis-server.js';
import { isSecuredRun } from './secured-redis.js';

/** A server of a cluster. `kill`, `hang`, `resume` and `restart` are those of any test server. */
export interface ClusterNode extends RedisServer {
  /** The port for other nodes of the cluster. */
  readonly busPort: number;
  /** The id that the cluster knows it by. */
  readonly id: string;
  /** `host:port`, as CLUSTER SLOTS names it and REDIS_CLUSTER_NODES takes it. */
  readonly address: string;
}

export interface ClusterNodeOptions {
  /**
   * The path of redis-server or valkey-server. By default, the one on the PATH. A server that is named here is never
   * secured, because it may have been built without TLS.
   */
  program?: string;
  /** Keep the data over a restart. */
  appendonly?: boolean;
  /** More arguments for the server. */
  args?: readonly string[];
}

/** How long a node may be silent before the others agree that it has failed, in milliseconds. */
export const NODE_TIMEOUT_MS = 1_500;

const SETTINGS = {
  'cluster-enabled': 'yes',
  'cluster-config-file': 'nodes.conf',
  'cluster-node-timeout': String(NODE_TIMEOUT_MS),
  // Otherwise every shard refuses commands until the slots of the failed one are covered again.
  'cluster-require-full-coverage': 'no',
  // Replicas stay with their primary, so that a test knows which shard has one.
  'cluster-allow-replica-migration': 'no',
  // A primary waits five seconds by default before it syncs its first replica.
  'repl-diskless-sync-delay': '0',
  appendfsync: 'everysec',
};

/** Starts a server in cluster mode that knows no other yet. In the secured run it uses TLS, a password and the ACL file. */
export async function startClusterNode({
  program,
  appendonly = false,
  args = [],
}: ClusterNodeOptions): Promise<ClusterNode> {
  const link = program === undefined ? undefined : await mkdtemp(join(tmpdir(), 'streamly-test-program-'));
  if (link) await symlink(program!, join(link, 'redis-server'));
  try {
    for (;;) {
      const [port, busPort] = nextPorts();
      const settings = Object.entries({
        ...SETTINGS,
        'cluster-port': String(busPort),
        ...(isSecuredRun && program === undefined && { 'tls-cluster': 'yes' }),
      });
      try {
        const server = await startRedis({
          port,
          plain: program !== undefined,
          appendonly,
          args: [...settings.flatMap(([name, value]) => [`--${name}`, value]), ...args],
          ...(link && { searchPath: `${link}:${process.env.PATH}` }),
        });
        const id = await server.cli('CLUSTER', 'MYID');
        return asNode(server, { port, busPort, id, link });
      } catch (error) {
        if (!(error instanceof PortTakenError)) throw error;
      }
    }
  } catch (error) {
    if (link) await rm(link, { recursive: true, force: true });
    throw error;
  }
}

interface Identity {
  port: number;
  busPort: number;
  id: string;
  /** The folder with a link to the program, which is needed again for a restart. */
  link: string | undefined;
}

function asNode(server: RedisServer, { port, busPort, id, link }: Identity): ClusterNode {
  const close = async () => {
    await server.close();
    if (link) await rm(link, { recursive: true, force: true });
  };
  // A proxy, because most members of a server are getters of its class.
  const own = { busPort, id, address: `127.0.0.1:${port}`, close };
  return new Proxy(server, {
    get(target, name) {
      if (name in own) return own[name as keyof typeof own];
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }) as ClusterNode;
}

// Below the ports for outgoing connections (32,768 on Linux), and above those of other test servers (10,000 to 19,999)
// and of the embedded Redis (20,000 to 29,999). By default the port for the cluster's nodes would be 10,000 higher.
const FIRST_PORT = 30_000;
const PORTS_PER_WORKER = 270;

let lastPair = process.pid % (PORTS_PER_WORKER / 2);

/** Two ports of this test worker: one for clients, and one for the other nodes. */
function nextPorts(): [number, number] {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 10;
  lastPair = (lastPair + 1) % (PORTS_PER_WORKER / 2);
  const port = FIRST_PORT + worker * PORTS_PER_WORKER + lastPair * 2;
  return [port, port + 1];
}
