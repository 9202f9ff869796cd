/** Puts the primary process together from the configuration. */
import { randomBytes } from 'node:crypto';
import type { Config } from '#config/config.js';
import { createLog, type Log } from '#telemetry/log.js';
import { LogDestination, openStandardOutput } from '#telemetry/log-destination.js';
import { Primary } from './primary.js';
import { forkWorker } from './worker-process.js';

/** A server of several processes, with the methods of one that is a single process. */
export interface PrimaryServer {
  log: Log;
  /** Resolves with the port when all workers accept connections. Throws a WorkerFailedError if one cannot start. */
  listen(): Promise<number>;
  /** Ends the workers by this signal. Safe to call twice. */
  close(signal?: NodeJS.Signals): Promise<void>;
}

/** Creates the primary process of a server. It starts no workers before `listen`. */
export function createPrimary(config: Config): PrimaryServer {
  const { workers, protection, redisUrl, logLevel, shutdownMs } = config;
  const nodeId = config.nodeId ?? randomBytes(6).toString('hex');
  const destination = new LogDestination({
    open: openStandardOutput,
    onRecovered: (dropped) => log.warn({ dropped }, 'log lines were dropped: they could not be written'),
  });
  const log = createLog({ level: logLevel, nodeId, destination });
  const primary = new Primary({
    workers,
    connectionsPerAddress: protection.connectionsPerAddress,
    unreadPerAddress: protection.unread.perAddress,
    shutdownMs,
    log,
    // A replacement has the same node id as the worker that died, whose connections it removes from Redis when it starts.
    fork: (number, onMessage) =>
      forkWorker(
        {
          WORKERS: String(workers),
          NODE_ID: `${nodeId}-${number}`,
          // That of the embedded Redis is in no variable yet.
          ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
        },
        onMessage,
      ),
  });
  return {
    log,
    listen: () => primary.listen(),
    close: async (signal = 'SIGTERM') => {
      await primary.close(signal);
      await destination.close();
    },
  };
}
