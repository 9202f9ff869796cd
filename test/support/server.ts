import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { until } from './until.js';

/** The URL of Redis, and configuration variables by name. A node of a Cluster has no URL but REDIS_CLUSTER_NODES. */
export interface ServerOptions {
  redisUrl?: string | undefined;
  [variable: string]: string | number | undefined;
}

/** A running node of the chat. */
export interface TestServer {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly origin: string;
  /** The endpoint for GraphQL over HTTP and SSE. */
  readonly url: string;
  /** The endpoint for GraphQL over WebSocket. */
  readonly wsUrl: string;
  /** Shuts the node down gracefully. Safe to call twice. */
  close(): Promise<void>;
}

/** A node in its own process. */
export interface ServerProcess extends TestServer {
  readonly pid: number;
  /** Everything it has written to stdout and stderr. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Its log: one record per line of JSON. */
  readonly log: readonly Record<string, unknown>[];
  /** The exit code, or null if a signal ended the process. */
  readonly exited: Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
}

/** Turns rate limits off. Tests of a rate limit set it again. */
const NO_RATE_LIMITS = {
  RATE_SENDS_PER_USER: 0,
  RATE_SENDS_PER_ADDRESS: 0,
  RATE_CONNECTIONS_PER_ADDRESS: 0,
  RATE_SESSIONS_PER_ADDRESS: 0,
  RATE_ROOMS_PER_ADDRESS: 0,
  RATE_OPERATIONS_PER_CONNECTION: 0,
  RATE_COST_PER_ADDRESS: 0,
  ANSWERS_PER_ADDRESS: 0,
};

/** Starts a node in this process on a free port. It logs only if LOG_LEVEL is set. */
export async function startServer({
  redisUrl,
  ...variables
}: ServerOptions & { redisUrl: string }): Promise<TestServer> {
  // Import it here, because loading it takes most of the startup of tests that run nodes as processes.
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
  const app = createApp(config);
  const port = await app.listen();
  return { ...addressesOf(port), close: () => app.close() };
}

/** The part of our environment that a node inherits. */
const INHERITED = {
  PATH: process.env.PATH,
  ...(process.env.NODE_EXTRA_CA_CERTS && { NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS }),
};

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** Runs `node dist/main.js`, or another program, with these variables and without rate limits. */
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
 * Starts a node in its own process on a free port. Resolves when it accepts connections. `program` is the
 * path of its main file and defaults to this version's.
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

/** Waits until a node can serve. It accepts connections before that, if Redis takes long to answer. */
export async function untilReady({ origin }: TestServer): Promise<void> {
  await until(async () => (await fetch(`${origin}/health/ready`)).ok, { what: 'the node to be ready' });
}

/** A process that runs main.ts. */
export class RunningMain {
  readonly output = { stdout: '', stderr: '' };
  readonly exited: Promise<number | null>;
  /** The port that it logs. Rejects if the process exits without logging one. */
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
      const failed = (code: number | null) => new Error(`main exited with ${code}: ${inspect(this.output)}`);
      this.exited.then((code) => reject(failed(code)), reject);
    });
    // Prevents an unhandled rejection in tests that do not wait for the port.
    this.listening.catch(() => undefined);
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Stops reading its stdout, so that the pipe fills up. */
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
