/**
 * Starts the server. Which role this process has depends on `WORKERS` and on who started it:
 *
 *   WORKERS=1      one node, and nothing else
 *   WORKERS=N      the primary process, which starts itself again N times as
 *   in a cluster   a worker: one node, with its share of the limits
 *
 * Only nodes load the app, so that the primary process stays small.
 */
import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { type Config, ConfigError, configFromEnv, namesRedis } from '#config/config.js';
import { startEmbeddedRedis } from '#dev/embedded-redis.js';
import { NoServerProgramError } from '#dev/redis-process.js';
import type { Log } from '#telemetry/log.js';
import { createPrimary } from '#workers/create-primary.js';
import { WorkerFailedError } from '#workers/primary.js';
import { joinPrimary, reportFailure } from '#workers/worker.js';
import { explainListenError } from './listen-error.js';

/**
 * Signals that shut the server down. They are handled here because close-with-grace aborts the shutdown at a
 * second signal. Ctrl-C under `npm start` sends two, one from the terminal and one from npm; and a worker gets one from
 * the terminal and one from the primary process.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * How far the heap may grow before garbage is collected, in percent of what is in use. V8 would let a small heap grow to
 * four times its size, and a client that makes the server work hard could take 300 MB of memory with garbage alone.
 */
const HEAP_GROWTH_PERCENT = 75;

/** How much longer than `shutdownMs` a shutdown may take before the process exits anyway, in milliseconds. */
const NODE_PATIENCE_MS = 5_000;
/** Longer than the workers may take. */
const PRIMARY_PATIENCE_MS = 10_000;

/** Errors whose message says everything that an operator needs. */
const EXPECTED = [ConfigError, NoServerProgramError, WorkerFailedError];

/** What this process runs. */
interface Server {
  log: Log;
  listen(): Promise<number>;
  close(signal?: NodeJS.Signals): Promise<void>;
}

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const config = configFromEnv(process.env);
  if (cluster.isWorker) return runWorker(config);

  const embedded = namesRedis(config) ? undefined : await startEmbeddedRedis();
  const settings = embedded ? { ...config, redisUrl: embedded.url } : config;
  const isPrimary = config.workers > 1;
  const server = isPrimary ? createPrimary(settings) : await createNode(settings);
  closeOnSignals(server, {
    patienceMs: config.shutdownMs + (isPrimary ? PRIMARY_PATIENCE_MS : NODE_PATIENCE_MS),
    afterwards: () => embedded?.close(),
  });
  const port = await listen(server, config);
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  console.log(`Streamly Chat  http://${host}:${port}/graphql`);
  if (embedded) console.log(`Redis (embedded, not persistent)  ${embedded.url}`);
}

async function runWorker(config: Config): Promise<void> {
  const worker = joinPrimary(config);
  const { createApp } = await import('./app.js');
  const app = createApp(worker.config, worker.machine);
  closeOnSignals(app, {
    patienceMs: config.shutdownMs + NODE_PATIENCE_MS,
    afterwards: () => worker.machine.close(),
  });
  worker.ready(await listen(app, config));
}

async function createNode(config: Config): Promise<Server> {
  const { createApp } = await import('./app.js');
  return createApp(config);
}

function listen(server: Server, config: Config): Promise<number> {
  return server.listen().catch((error: unknown): never => {
    throw explainListenError(error, config);
  });
}

/** Closes the server once, on the first signal or on an uncaught error, and exits. */
function closeOnSignals(
  server: Server,
  { patienceMs, afterwards }: { patienceMs: number; afterwards(): Promise<void> | void | undefined },
): void {
  let receivedSignal: NodeJS.Signals | undefined;
  let isShuttingDown = false;
  const { close } = closeWithGrace(
    { delay: patienceMs, logger: false, skip: [...SIGNALS] },
    async ({ signal = receivedSignal, err }) => {
      isShuttingDown = true;
      if (err) server.log.fatal({ err }, 'shutting down after an uncaught error');
      else server.log.info({ signal }, 'shutting down');
      await server.close(receivedSignal);
      await afterwards();
    },
  );
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (isShuttingDown) return;
      receivedSignal = signal;
      close();
    });
  }
}

main().catch(async (error: unknown) => {
  const expected = EXPECTED.some((kind) => error instanceof kind);
  // The primary process prints the sentence, once for all workers.
  if (expected && cluster.isWorker) await reportFailure((error as Error).message);
  else console.error(expected ? (error as Error).message : error);
  process.exit(1);
});
