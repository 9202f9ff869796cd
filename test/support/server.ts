import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** Where Redis is, and any variable of the configuration by its name. */
export interface ServerOptions {
  redisUrl: string;
  [variable: string]: string | number | undefined;
}

/** A node of the chat to talk to. */
export interface TestServer {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly origin: string;
  /** The endpoint of GraphQL over HTTP and SSE. */
  readonly url: string;
  /** The endpoint of GraphQL over WebSocket. */
  readonly wsUrl: string;
  /** Ends it in good order. May be called twice. */
  close(): Promise<void>;
}

/** A node of the chat in a process of its own. */
export interface ServerProcess extends TestServer {
  readonly pid: number;
  /** What it has written so far, to standard output and to standard error. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Its log, one record for each line that is JSON. */
  readonly log: readonly Record<string, unknown>[];
  /** The exit code; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
}

/** No limit on how fast anything comes: a test that is about one sets it. */
const NO_RATE_LIMITS = {
  RATE_SENDS_PER_USER: 0,
  RATE_SENDS_PER_ADDRESS: 0,
  RATE_CONNECTIONS_PER_ADDRESS: 0,
  RATE_SESSIONS_PER_ADDRESS: 0,
  RATE_ROOMS_PER_ADDRESS: 0,
  RATE_OPERATIONS_PER_CONNECTION: 0,
  ANSWERS_PER_ADDRESS: 0,
};

/** Starts a node within this process, on a free port. It is silent where LOG_LEVEL is not given. */
export async function startServer({ redisUrl, ...variables }: ServerOptions): Promise<TestServer> {
  // Loaded only here: to a test whose nodes are processes it would be most of its start.
  const [{ createApp }, { configFromEnv }] = await Promise.all([
    import('../../src/app.js'),
    import('#config/config.js'),
  ]);
  const config = configFromEnv(
    envOf({
      ...NO_RATE_LIMITS,
      PORT: 0,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'silent',
      REDIS_URL: redisUrl,
      ...variables,
    }),
  );
  const app = createApp({ ...config, redisUrl });
  const port = await app.listen();
  return { ...addressesOf(port), close: () => app.close() };
}

/** What a node has of our own environment. */
const INHERITED = {
  PATH: process.env.PATH,
  ...(process.env.NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS }),
};

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Runs `node dist/main.js`, or another main, with these variables and without limits on rates. */
export function runMain(
  variables: Record<string, string | number | undefined>,
  { main = MAIN, stdout = 'pipe' }: { main?: string; stdout?: 'pipe' | number } = {},
): RunningMain {
  return new RunningMain(
    spawn(process.execPath, [main], {
      env: { ...INHERITED, ...envOf({ ...NO_RATE_LIMITS, ...variables }) },
      stdio: ['ignore', stdout, 'pipe'],
    }),
  );
}

/**
 * Starts a node as a process of its own, on a free port; resolves once it accepts connections. `program` is its
 * main file, of this version if not given.
 */
export async function spawnServer(
  { redisUrl, ...variables }: ServerOptions,
  program?: string,
): Promise<ServerProcess> {
  const main = runMain(
    { PORT: 0, HOST: '127.0.0.1', REDIS_URL: redisUrl, ...variables },
    program === undefined ? {} : { main: program },
  );
  const port = await main.listening;
  const close = async () => {
    main.signal('SIGTERM');
    await main.exited;
  };
  return Object.assign(main, addressesOf(port), { close });
}

/** A process that runs main.ts. */
export class RunningMain {
  readonly output = { stdout: '', stderr: '' };
  readonly exited: Promise<number | null>;
  /** The port that it says it listens on; rejects where it ends without having said so. */
  readonly listening: Promise<number>;

  constructor(private readonly process: ChildProcess) {
    process.stderr!.on('data', (chunk: Buffer) => {
      this.output.stderr += chunk.toString();
    });
    this.exited = once(process, 'close').then(([code]) => code as number | null);
    this.listening = new Promise((resolve, reject) => {
      if (process.stdout === null) return;
      createInterface(process.stdout).on('line', (line) => {
        this.output.stdout += `${line}\n`;
        const port = /^Streamly Chat .*:(\d+)\/graphql$/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
      const failed = (code: number | null) => new Error(`main ended with ${code}: ${inspect(this.output)}`);
      this.exited.then((code) => reject(failed(code)), reject);
    });
    // Whoever waits for the port hears of it; a test of a main that ends does not wait.
    this.listening.catch(() => undefined);
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Stops reading what it writes to standard output, so that the pipe fills up. */
  stopReading(): void {
    this.process.stdout?.pause();
  }

  get log(): Record<string, unknown>[] {
    const lines = this.output.stdout.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line));
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }
}

export function addressesOf(port: number) {
  const host = `127.0.0.1:${port}`;
  return { origin: `http://${host}`, url: `http://${host}/graphql`, wsUrl: `ws://${host}/graphql` };
}

function envOf(variables: Record<string, string | number | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  );
}
