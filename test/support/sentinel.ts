import type { SentinelSettings } from '#redis/client/sentinel/settings.js';
import { type RedisServer, startRedis } from './redis-server.js';
import { until } from './until.js';

export interface SentinelGroupOptions {
  /** Defaults to 1. */
  replicas?: number;
  /** Defaults to 3. A majority of them must agree to a failover. */
  sentinels?: number;
  /** The password of the servers. By default, they have none. */
  password?: string;
  /** The password of the Sentinels. By default, they have none. */
  sentinelPassword?: string;
  /** More arguments for each server. */
  args?: readonly string[];
}

/** A primary, its replicas, and Sentinels that watch over them. */
export interface SentinelGroup {
  /** The first one starts as the primary, with the others as its replicas. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** How a node connects to the group. */
  readonly settings: SentinelSettings;
  /** The same as configuration variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** The server that this Sentinel names, by default the first. */
  primary(sentinel?: RedisServer): Promise<RedisServer>;
  /** Resolves once every Sentinel that runs names another server, which says that it is the primary. */
  failedOver(from: RedisServer): Promise<RedisServer>;
  /** Ends all of them in any state. */
  close(): Promise<void>;
}

export const NAME = 'chat';

/** How long a server may be silent before a Sentinel believes that it is down, in milliseconds. */
export const DOWN_AFTER_MS = 1_000;

/** Starts a group. Resolves when a failover is possible: the Sentinels know each other and the replicas. */
export async function startSentinelGroup(options: SentinelGroupOptions = {}): Promise<SentinelGroup> {
  const { replicas = 1, sentinels: count = 3 } = options;
  const servers: RedisServer[] = [];
  const sentinels: RedisServer[] = [];
  const group = asGroup(servers, sentinels, options);
  try {
    const first = await startServer(options);
    servers.push(first);
    for (let replica = 1; replica <= replicas; replica += 1) servers.push(await startServer(options, first));
    await until(
      async () => (await first.cli('INFO', 'replication')).split('state=online').length === replicas + 1,
      { what: 'the replicas to be online' },
    );
    for (let number = 1; number <= count; number += 1) sentinels.push(await startSentinel(options, first));
    for (const sentinel of sentinels) {
      await until(() => knows(sentinel, { 'num-other-sentinels': count - 1, 'num-slaves': replicas }), {
        what: 'a Sentinel to know the group',
      });
    }
    return group;
  } catch (error) {
    await group.close();
    throw error;
  }
}

function asGroup(
  servers: RedisServer[],
  sentinels: RedisServer[],
  { password, sentinelPassword }: SentinelGroupOptions,
): SentinelGroup {
  const at = (port: number) => {
    const server = servers.find((one) => one.port === port);
    if (server === undefined) throw new Error(`No server of this group listens on ${port}.`);
    return server;
  };
  const primary = async (sentinel = sentinels[0]!) =>
    at(Number((await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)).split('\n')[1]));
  return {
    servers,
    sentinels,
    primary,
    get settings() {
      return {
        sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
        name: NAME,
        password: sentinelPassword,
        server: { password },
      };
    },
    get variables() {
      return {
        REDIS_URL: '',
        REDIS_SENTINELS: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(),
        REDIS_SENTINEL_NAME: NAME,
        ...(password !== undefined && { REDIS_PASSWORD: password }),
        ...(sentinelPassword !== undefined && { REDIS_SENTINEL_PASSWORD: sentinelPassword }),
      };
    },
    failedOver: (from) =>
      until(
        async () => {
          const named = await Promise.all(sentinels.filter(isRunning).map(primary));
          const [now] = named;
          if (now === undefined || now === from || named.some((other) => other !== now)) return undefined;
          return (await now.cli('ROLE')).startsWith('master') ? now : undefined;
        },
        { what: 'a failover', timeout: 40_000 },
      ) as Promise<RedisServer>,
    close: async () => {
      const all = [...sentinels, ...servers];
      for (const server of all) server.resume();
      await Promise.all(all.map((server) => server.close()));
    },
  };
}

function isRunning(server: RedisServer): boolean {
  return server.isRunning;
}

function startServer({ password, args = [] }: SentinelGroupOptions, primary?: RedisServer) {
  const settings = {
    'repl-diskless-sync-delay': '0',
    ...(password !== undefined && { requirepass: password, masterauth: password }),
  };
  return startRedis({
    plain: true,
    ...(password !== undefined && { password }),
    args: [
      ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      ...(primary ? ['--replicaof', '127.0.0.1', String(primary.port)] : []),
      ...args,
    ],
  });
}

function startSentinel({ password, sentinelPassword, sentinels = 3 }: SentinelGroupOptions, of: RedisServer) {
  const lines = [
    `sentinel monitor ${NAME} 127.0.0.1 ${of.port} ${Math.floor(sentinels / 2) + 1}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    // A failed attempt is repeated after twice this time.
    `sentinel failover-timeout ${NAME} 4000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    ...(sentinelPassword === undefined ? [] : [`requirepass ${sentinelPassword}`]),
  ];
  return startRedis({
    plain: true,
    sentinel: `${lines.join('\n')}\n`,
    ...(sentinelPassword !== undefined && { password: sentinelPassword }),
  });
}

/** Whether what a Sentinel says about the primary has these values. */
async function knows(sentinel: RedisServer, values: Record<string, number>): Promise<boolean> {
  const lines = (await sentinel.cli('SENTINEL', 'MASTER', NAME)).split('\n');
  return Object.entries(values).every(([field, value]) => lines[lines.indexOf(field) + 1] === String(value));
}
