import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './deadline.js';
import { freePort, type Processes, type Running } from './processes.js';

/** How often Redis ran each command, by lower-case name. */
export type CommandCounts = Readonly<Record<string, number>>;

/** A private Redis on the loopback interface, without persistence. */
export class RedisServer {
  private constructor(
    readonly url: string,
    readonly version: string,
    readonly running: Running,
    readonly client: Redis,
  ) {}

  /** Starts the redis-server on the PATH. Resolves when it answers. */
  static async start(processes: Processes, core: number): Promise<RedisServer> {
    const version = /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1];
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'streamly-bench-'));
    const settings = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
    ];
    const running = processes.start({ command: ['redis-server', ...settings], cores: `${core}`, folder });
    void running.ended.then(() => rmSync(folder, { recursive: true, force: true }));
    const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, commandTimeout: 10_000 });
    client.on('error', () => undefined); // not up yet; `until` below reports if it never is
    await until(
      10_000,
      'redis-server',
      async () => client.status === 'ready' && (await client.ping()) === 'PONG',
    );
    return new RedisServer(`redis://127.0.0.1:${port}`, version ?? 'unknown', running, client);
  }

  async empty(): Promise<void> {
    await this.client.flushall();
  }

  /** Resets the command counts to zero. */
  async resetCommands(): Promise<void> {
    await this.client.config('RESETSTAT');
  }

  /** The commands since the last reset, including those in scripts, but without INFO and CONFIG RESETSTAT. */
  async commands(): Promise<CommandCounts> {
    const info = await this.client.info('commandstats');
    const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
      ([, name, calls]) => [String(name).toLowerCase(), Number(calls)] as const,
    );
    return Object.fromEntries(counts.filter(([name]) => name !== 'info' && name !== 'config|resetstat'));
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.running.stop();
  }
}

const READS = new Set(
  'get mget exists ttl pttl type llen lrange lindex lpos smembers sismember smismember scard hget hmget hgetall hlen zrange zcard zscore xrange xrevrange xread xlen scan sscan strlen getrange'.split(
    ' ',
  ),
);

/** The number of commands that read data. */
export function readsAmong(counts: CommandCounts): number {
  return Object.entries(counts).reduce((sum, [name, calls]) => sum + (READS.has(name) ? calls : 0), 0);
}
