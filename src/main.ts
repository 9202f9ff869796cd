import closeWithGrace from 'close-with-grace';
import { ConfigError, configFromEnv } from '#config/config.js';
import { startEmbeddedRedis } from '#dev/embedded-redis.js';
import { NoServerProgramError } from '#dev/redis-process.js';
import { createApp } from './app.js';

/**
 * What ends the server. A second one changes nothing, where close-with-grace would break off: a Ctrl-C under
 * `npm start` comes twice, from the terminal and from npm.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function main(): Promise<void> {
  const config = configFromEnv(process.env);
  const embedded = config.redisUrl === undefined ? await startEmbeddedRedis() : undefined;
  const app = createApp({ ...config, redisUrl: config.redisUrl ?? embedded!.url });

  let told: string | undefined;
  let ending = false;
  const { close } = closeWithGrace(
    { delay: config.shutdownMs + 5_000, logger: false, skip: [...SIGNALS] },
    async ({ signal = told, err }) => {
      ending = true;
      if (err) app.log.fatal({ err }, 'an error that nobody caught: the server ends');
      else app.log.info({ signal }, 'shutting down');
      await app.close();
      await embedded?.close();
    },
  );
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (ending) return;
      told = signal;
      close();
    });
  }

  const port = await app.listen();
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  console.log(`Streamly Chat  http://${host}:${port}/graphql`);
  if (embedded) console.log(`Redis (private, nothing is kept)  ${embedded.url}`);
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof NoServerProgramError;
  console.error(expected ? error.message : error);
  process.exit(1);
});
