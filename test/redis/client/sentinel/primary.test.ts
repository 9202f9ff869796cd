import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '#dev/free-port.js';
import { connectRedis, type RedisConnections } from '#redis/client/connections.js';
import type { SentinelSettings } from '#redis/client/sentinel/settings.js';
import { openServers } from '#redis/servers.js';
import { type RedisServer, startRedis } from '#test/support/redis-server.js';
import { NAME, type SentinelGroup, startSentinelGroup } from '#test/support/sentinel.js';
import { until } from '#test/support/until.js';

const DOWN = { host: '127.0.0.1', port: 1 };

/** A node's connections, and what they reported. */
interface Opened {
  connections: RedisConnections;
  reported: string[];
}

function open(sentinel: SentinelSettings, commandTimeoutMs = 1_000): Opened {
  const reported: string[] = [];
  const connections = connectRedis({
    sentinel,
    commandTimeoutMs,
    separateWriter: true,
    hooks: { onError: (where, error) => void reported.push(`${where}: ${(error as Error).message}`) },
  });
  onTestFinished(() => connections.close());
  return { connections, reported };
}

/** The ports that the connections for commands, sends and subscriptions lead to. */
async function portsOf({ commands, writer, subscriber }: RedisConnections): Promise<number[]> {
  const texts = await Promise.all([commands, writer, subscriber].map((client) => client.info('server')));
  return texts.map((text) => Number(/tcp_port:(\d+)/.exec(text)?.[1]));
}

const at = ({ port }: RedisServer) => ({ host: '127.0.0.1', port });

describe('the connections of a node', () => {
  let group: SentinelGroup;
  beforeAll(async () => {
    group = await startSentinelGroup({ password: 'p1', sentinelPassword: 'p2' });
  });
  afterAll(() => group.close());

  test('log in to the Sentinels and to the primary, each with its password', async () => {
    const { connections, reported } = open(group.settings);
    expect(await connections.ready(5_000)).toBe(true);
    const { port } = await group.primary();
    expect(await portsOf(connections)).toEqual([port, port, port]);
    expect(reported).toEqual([]);
  });

  test('work if only one of the listed Sentinels answers, and report the others once', async () => {
    const settings = { ...group.settings, sentinels: [DOWN, at(group.sentinels[1]!), { ...DOWN, port: 2 }] };
    const { connections, reported } = open(settings);
    expect(await connections.ready(5_000)).toBe(true);
    expect(reported.sort()).toEqual([
      'sentinel 127.0.0.1:1: The Sentinel at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1). Check REDIS_SENTINELS and REDIS_TLS.',
      'sentinel 127.0.0.1:2: The Sentinel at 127.0.0.1:2 cannot be reached (connect ECONNREFUSED 127.0.0.1:2). Check REDIS_SENTINELS and REDIS_TLS.',
    ]);
  });

  test('do not wait for a Sentinel that hangs', async () => {
    group.sentinels[0]!.hang();
    onTestFinished(() => group.sentinels[0]!.resume());
    const { connections } = open(group.settings, 10_000);
    // The time is not measured: it would take ten seconds to notice that the Sentinel hangs.
    expect(await connections.ready(5_000)).toBe(true);
  });

  test.each([
    [
      'that does not know the name',
      (settings: SentinelSettings) => ({ ...settings, name: 'other' }),
      /does not know "other"\. Set REDIS_SENTINEL_NAME to /,
    ],
    [
      'whose password is missing',
      (settings: SentinelSettings) => ({ ...settings, password: undefined }),
      /refuses the login \(NOAUTH .+\)\. Set REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD\.$/,
    ],
    [
      'whose password is wrong',
      (settings: SentinelSettings) => ({ ...settings, password: 'hunter2' }),
      /refuses the login \(WRONGPASS .+\)\. Set REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD\.$/,
    ],
  ])('are never ready with a Sentinel %s, and say what to set', async (_which, change, sentence) => {
    const servers = openServers({ sentinel: change(group.settings) });
    onTestFinished(() => servers.close());
    expect(await servers.ready(300)).toBe(false);
    await expect(servers.check()).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringMatching(sentence),
    });
    await expect(servers.check()).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  test('are never ready with a wrong password of the servers', async () => {
    const { connections, reported } = open({ ...group.settings, server: { password: 'hunter2' } });
    expect(await connections.ready(500)).toBe(false);
    expect(reported.find((text) => text.startsWith('commands: '))).toMatch(/WRONGPASS/);
    expect(String(reported)).not.toContain('hunter2');
  });
});

describe('when the primary changes', () => {
  let group: SentinelGroup;
  beforeAll(async () => {
    group = await startSentinelGroup();
  });
  afterAll(() => group.close());

  test('all connections move, although those to the hung primary are still open, and no stale Sentinel leads back', async () => {
    const { connections } = open(group.settings, 30_000);
    await connections.ready(5_000);
    const old = await group.primary();
    old.hang();
    onTestFinished(() => old.resume());
    const now = await group.failedOver(old);
    // Commands would take 30 seconds to notice that the primary hangs.
    await until(async () => (await portsOf(connections)).every((port) => port === now.port), {
      what: 'all connections to move',
      timeout: 10_000,
    });

    // A Sentinel of an earlier time, which names a server that believes it is the primary.
    const former = await startRedis({ plain: true });
    onTestFinished(() => former.close());
    const stale = await startRedis({
      plain: true,
      sentinel: `sentinel monitor ${NAME} 127.0.0.1 ${former.port} 1\n`,
    });
    onTestFinished(() => stale.close());
    const sentinels = [at(stale), ...group.settings.sentinels];
    const { connections: later } = open({ ...group.settings, sentinels });
    expect(await later.ready(5_000)).toBe(true);
    expect(await portsOf(later)).toEqual([now.port, now.port, now.port]);
    // The only client that ever said hello is the one that asks.
    expect(await former.cli('INFO', 'commandstats')).toContain('cmdstat_hello:calls=1,');
  });
});

describe('the settings', () => {
  test('may name Sentinels that start later', async () => {
    const port = await freePort();
    const { connections, reported } = open({
      sentinels: [{ host: '127.0.0.1', port }],
      name: NAME,
      server: {},
    });
    expect(await connections.ready(200)).toBe(false);
    expect(reported).toHaveLength(1);
    expect(connections.problem).toMatch(/cannot be reached .+ Check REDIS_SENTINELS and REDIS_TLS\.$/);
    await expect(connections.commands.ping()).rejects.toThrow();

    const server = await startRedis({ plain: true });
    onTestFinished(() => server.close());
    const sentinel = await startRedis({
      plain: true,
      port,
      sentinel: `sentinel monitor ${NAME} 127.0.0.1 ${server.port} 1\n`,
    });
    onTestFinished(() => sentinel.close());
    expect(await connections.ready(10_000)).toBe(true);
    expect(connections.problem).toBeUndefined();
  });

  test('may be closed twice while no Sentinel answers', async () => {
    for (const waitMs of [0, 50]) {
      const { connections, reported } = open({ sentinels: [DOWN], name: NAME, server: {} });
      await connections.ready(waitMs);
      const before = reported.length;
      await connections.close();
      await connections.close();
      expect(connections.commands.status).toBe('end');
      expect(reported.slice(before)).toEqual([]);
    }
  });

  test('that name a Redis as a Sentinel are explained in one sentence', async () => {
    const server = await startRedis({ plain: true });
    onTestFinished(() => server.close());
    const { connections } = open({ sentinels: [at(server)], name: NAME, server: {} });
    expect(await connections.ready(300)).toBe(false);
    expect(connections.problem).toBe(
      `The server at 127.0.0.1:${server.port} is a Redis and not a Sentinel. Set REDIS_SENTINELS to the Sentinels, whose port is usually 26379.`,
    );
  });

  test('that name a Sentinel as REDIS_URL are explained in one sentence', async () => {
    const sentinel = await startRedis({ plain: true, sentinel: 'sentinel monitor chat 127.0.0.1 1 1\n' });
    onTestFinished(() => sentinel.close());
    const servers = openServers({ url: sentinel.url });
    onTestFinished(() => servers.close());
    const sentence =
      'REDIS_URL leads to a Sentinel: set REDIS_SENTINELS and REDIS_SENTINEL_NAME instead of REDIS_URL.';
    await expect(servers.ready(2_000)).rejects.toThrow(sentence);
    await expect(servers.check()).rejects.toThrow(sentence);
  });

  test('never lead to a server that is a replica, even if a Sentinel names it', async () => {
    const primary = await startRedis({ plain: true });
    onTestFinished(() => primary.close());
    const replica = await startRedis({
      plain: true,
      args: ['--replicaof', '127.0.0.1', String(primary.port)],
    });
    onTestFinished(() => replica.close());
    const sentinel = await startRedis({
      plain: true,
      sentinel: `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 1\n`,
    });
    onTestFinished(() => sentinel.close());
    const natMap = new Map([[`127.0.0.1:${primary.port}`, at(replica)]]);
    const { connections, reported } = open({ sentinels: [at(sentinel)], name: NAME, server: {}, natMap });
    expect(await connections.ready(500)).toBe(false);
    expect(reported[0]).toContain(`127.0.0.1:${replica.port} as the primary, but it is a replica`);
  });
});
