import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { ConfigError, configFromEnv } from '#config/config.js';
import { startEmbeddedRedis } from '#dev/embedded-redis.js';
import { NoServerProgramError } from '#dev/redis-process.js';
import { createApp } from './app.js';

/**
 * Signals that shut the server down. They are handled here because close-with-grace aborts the shutdown at a
 * second signal, and Ctrl-C under `npm start` sends two: one from the terminal and one from npm.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * How far the heap may grow before garbage is collected, in percent of what is in use. V8 would let a small heap grow to
 * four times its size, and a client that makes the server work hard could take 300 MB of memory with garbage alone.
 */
const HEAP_GROWTH_PERCENT = 75;

async function main(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const config = configFromEnv(process.env);
  const isConfigured = (config.redisUrl ?? config.redisCluster ?? config.redisSentinel) !== undefined;
  const embedded = isConfigured ? undefined : await startEmbeddedRedis();
  const app = createApp(embedded ? { ...config, redisUrl: embedded.url } : config);

  let receivedSignal: string | undefined;
  let isShuttingDown = false;
  const { close } = closeWithGrace(
    { delay: config.shutdownMs + 5_000, logger: false, skip: [...SIGNALS] },
    async ({ signal = receivedSignal, err }) => {
      isShuttingDown = true;
      if (err) app.log.fatal({ err }, 'shutting down after an uncaught error');
      else app.log.info({ signal }, 'shutting down');
      await app.close();
      await embedded?.close();
    },
  );
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (isShuttingDown) return;
      receivedSignal = signal;
      close();
    });
  }

  const port = await app.listen().catch((error: unknown): never => {
    throw listenError(error, config);
  });
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  console.log(`Streamly Chat  http://${host}:${port}/graphql`);
  if (embedded) console.log(`Redis (embedded, not persistent)  ${embedded.url}`);
}

/** Explains in one sentence why the server cannot listen. Returns any other error unchanged. */
function listenError(error: unknown, { port, host }: { port: number; host: string }): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new ConfigError(
        `PORT ${port} is already in use (EADDRINUSE): set PORT to a free port, or stop the process that uses it.`,
      );
    case 'EACCES':
      return new ConfigError(
        `PORT ${port} needs privileges that this user lacks (EACCES): set PORT to 1024 or higher.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError(
        `HOST ${host} is not an address of this machine: set HOST to one that is, or to 0.0.0.0.`,
      );
    default:
      return error;
  }
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof NoServerProgramError;
  console.error(expected ? error.message : error);
  process.exit(1);
});
