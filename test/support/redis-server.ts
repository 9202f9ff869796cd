import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { PortTakenError, type ServerProcess, startServerProcess } from '#dev/redis-process.js';
import { isSecuredRun, secure } from './secured-redis.js';

export interface StartRedisOptions {
  /** Without TLS and password, even where all tests run with them: for a test that brings its own, or none. */
  plain?: boolean;
  /** A free one where not given. */
  port?: number;
  /** Keep the data over `restart()`, each write flushed at once; off where not given. */
  appendonly?: boolean;
  /** A file of ACL users; it is copied, so that `ACL SAVE` in a test leaves yours alone. */
  aclFile?: string;
  /** What `url` and `cli` log in with; needed where the ACL file turns the default user off. */
  username?: string;
  password?: string;
  /** More arguments for the server, such as `['--maxmemory', '10mb']`. */
  args?: readonly string[];
}

/** A real server that a test may treat badly. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** The same URL with another port: of a proxy before it, or of another server of its kind. */
  urlAt(port: number): string;
  /** Who logs in with that URL. */
  readonly user: string;
  /** The URL of a test, which may do to Redis what no node may; and who logs in with that. */
  readonly testerUrl: string;
  readonly tester: string;
  /** Of the server now running, or of the last that ran. */
  readonly pid: number;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
  /** Stops it where it still runs, and starts it on the same port and directory. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  hang(): void;
  /** SIGCONT. */
  resume(): void;
  /**
   * One command over a connection of its own, its reply as redis-cli would print it in a pipe: one line
   * for each element, an empty text for nil.
   */
  cli(command: string, ...args: string[]): Promise<string>;
  /** Ends it in whatever state it is, and removes its directory. May be called twice. */
  close(): Promise<void>;
}

/** Starts a server for one test or one file of tests. It ends with `close()`, or with this process. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'streamly-test-redis-'));
  const args = ['--appendfsync', 'always', ...(options.args ?? [])];
  if (options.appendonly) args.push('--appendonly', 'yes');
  if (options.aclFile) {
    await copyFile(options.aclFile, join(dir, 'users.acl'));
    args.push('--aclfile', join(dir, 'users.acl'));
  }

  const isPlain = options.plain || options.aclFile !== undefined || options.password !== undefined;
  for (;;) {
    const port = options.port ?? nextPort();
    const secured = isSecuredRun && !isPlain ? await secure(dir, port) : undefined;
    // The port without TLS stays beside it: nobody but a user with a password gets in there either.
    const plainPort = secured ? nextPort() : port;
    const start = () =>
      startServerProcess({ port: plainPort, dir, args: [...args, ...(secured?.args ?? [])] });
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

// Each process begins elsewhere, so that two runs of the tests on one machine seldom meet.
let lastPort = process.pid % 1000;

/**
 * Each worker of the test runner has a thousand ports of its own and takes them in turn, so that no other
 * server takes the port of one that is down until `restart()`.
 */
function nextPort(): number {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 10;
  lastPort = (lastPort + 1) % 1000;
  return 10_000 + worker * 1000 + lastPort;
}

/** How a server is reached: by a node, and by a test. */
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
      // It asks for INFO, which not every ACL user may.
      enableReadyCheck: false,
    });
    // The command below fails with the same, and that is what the test gets to see.
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
    // A hanging server takes SIGTERM only once it goes on.
    if (signal === 'SIGTERM') this.#signal('SIGCONT');
    await this.process.exited;
  }

  #signal(signal: NodeJS.Signals): void {
    // A server that is gone gets no signal: its process id may be another's by now.
    if (!this.#running) return;
    try {
      process.kill(this.process.pid, signal);
    } catch (error) {
      // It went just now, and that was not heard of yet.
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
