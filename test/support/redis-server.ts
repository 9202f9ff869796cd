import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { PortTakenError, type ServerProcess, startServerProcess } from '#dev/redis-process.js';
import { isSecuredRun, secure } from './secured-redis.js';

export interface StartRedisOptions {
  /** Never use TLS and a password, even in the secured run: for tests that bring their own or need none. */
  plain?: boolean;
  /** Defaults to a free port. */
  port?: number;
  /** Keep the data over `restart()` and flush each write at once. Off by default. */
  appendonly?: boolean;
  /** A file of ACL users. The server uses a copy, so `ACL SAVE` in a test does not change yours. */
  aclFile?: string;
  /** The login for `url` and `cli`. Required if the ACL file disables the default user. */
  username?: string;
  password?: string;
  /** Start a Sentinel with this configuration. It keeps what it learns in the file, over `restart()` too. */
  sentinel?: string;
  /** More arguments for the server, such as `['--maxmemory', '10mb']`. */
  args?: readonly string[];
  /** Where to look for redis-server, in the format of PATH. Defaults to the PATH of this process. */
  searchPath?: string;
}

/** A real Redis server that tests can kill, hang and restart. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** The same URL with another port: of a proxy in front of it, or of a similar server. */
  urlAt(port: number): string;
  /** The user in `url`. */
  readonly user: string;
  /** The URL and user for the test itself, which may run commands that a node may not. */
  readonly testerUrl: string;
  readonly tester: string;
  /** The process id of the current server, or of the last one. */
  readonly pid: number;
  /** Whether its process runs. A server that hangs does. */
  readonly isRunning: boolean;
  /** Sends SIGKILL and waits for the exit. */
  kill(): Promise<void>;
  /** Sends SIGTERM and waits for the exit. */
  stop(): Promise<void>;
  /** Stops the server if it is running, and starts it on the same port and directory. */
  restart(): Promise<void>;
  /** Sends SIGSTOP: connections stay open, but the server does not answer. */
  hang(): void;
  /** Sends SIGCONT. */
  resume(): void;
  /**
   * Runs one command on its own connection. Returns the reply as redis-cli prints it to a pipe: one line per
   * element, and an empty string for nil.
   */
  cli(command: string, ...args: string[]): Promise<string>;
  /** Ends the server in any state and removes its directory. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a server for one test or one test file. It ends with `close()` or with this process. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'streamly-test-redis-'));
  const args = ['--appendfsync', 'always', ...(options.args ?? [])];
  if (options.appendonly) args.push('--appendonly', 'yes');
  if (options.aclFile) {
    await copyFile(options.aclFile, join(dir, 'users.acl'));
    args.push('--aclfile', join(dir, 'users.acl'));
  }
  const configFile = options.sentinel === undefined ? undefined : join(dir, 'sentinel.conf');
  if (configFile !== undefined) {
    await writeFile(configFile, options.sentinel!);
    args.push('--sentinel');
  }

  const isPlain = options.plain || options.aclFile !== undefined || options.password !== undefined;
  for (;;) {
    const port = options.port ?? nextPort();
    const secured = isSecuredRun && !isPlain ? await secure(dir, port) : undefined;
    // The plain port stays open beside the TLS port, but also requires a password.
    const plainPort = secured ? nextPort() : port;
    const start = () =>
      startServerProcess({
        port: plainPort,
        dir,
        args: [...args, ...(secured?.args ?? [])],
        ...(configFile !== undefined && { configFile }),
        ...(options.searchPath !== undefined && { searchPath: options.searchPath }),
      });
    const { username = '', password } = options;
    const login = password === undefined ? '' : `${username}:${encodeURIComponent(password)}@`;
    const access = secured
      ? { scheme: 'rediss', login: secured.login, testerLogin: secured.testerLogin }
      : { scheme: 'redis', login, testerLogin: login };
    try {
      return new Server(port, dir, access, start, await start());
    } catch (error) {
      if (options.port === undefined && error instanceof PortTakenError) continue;
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }
}

// Each process starts at a different port, so that parallel test runs on one machine rarely collide.
let lastPort = process.pid % 1000;

/**
 * Each test worker cycles through its own thousand ports, so that no other server takes the port of one that
 * is down until `restart()`.
 */
export function nextPort(): number {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 10;
  lastPort = (lastPort + 1) % 1000;
  return 10_000 + worker * 1000 + lastPort;
}

/** How a node and a test log in to a server. */
interface Access {
  scheme: string;
  login: string;
  testerLogin: string;
}

class Server implements RedisServer {
  #running = true;

  constructor(
    readonly port: number,
    readonly dir: string,
    readonly access: Access,
    readonly start: () => Promise<ServerProcess>,
    private process: ServerProcess,
  ) {
    this.#watch();
  }

  get url(): string {
    return this.urlAt(this.port);
  }

  urlAt(port: number): string {
    return `${this.access.scheme}://${this.access.login}127.0.0.1:${port}`;
  }

  get user(): string {
    return new URL(this.url).username || 'default';
  }

  get testerUrl(): string {
    return `${this.access.scheme}://${this.access.testerLogin}127.0.0.1:${this.port}`;
  }

  get tester(): string {
    return new URL(this.testerUrl).username || 'default';
  }

  get pid(): number {
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  hang(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  async restart(): Promise<void> {
    await this.stop();
    this.process = await this.start();
    this.#running = true;
    this.#watch();
  }

  async cli(command: string, ...args: string[]): Promise<string> {
    const client = new Redis(this.testerUrl, {
      lazyConnect: true,
      retryStrategy: () => null,
      // The ready check uses INFO, which some ACL users may not run.
      enableReadyCheck: false,
    });
    // The command below fails with the same error, which the test receives.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return lines(await client.call(command, ...args)).join('\n');
    } finally {
      client.disconnect();
    }
  }

  async close(): Promise<void> {
    await this.process.end();
    await rm(this.dir, { recursive: true, force: true });
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#signal(signal);
    // A stopped process handles SIGTERM only after SIGCONT.
    if (signal === 'SIGTERM') this.#signal('SIGCONT');
    await this.process.exited;
  }

  #signal(signal: NodeJS.Signals): void {
    // Do not signal an exited server: another process may have its id by now.
    if (!this.#running) return;
    try {
      process.kill(this.process.pid, signal);
    } catch (error) {
      // It may have exited just now, before we noticed.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #watch(): void {
    const watched = this.process;
    void watched.exited.then(() => {
      if (this.process === watched) this.#running = false;
    });
  }
}

function lines(reply: unknown): string[] {
  if (Array.isArray(reply)) return reply.flatMap(lines);
  return [reply === null || reply === undefined ? '' : String(reply)];
}
