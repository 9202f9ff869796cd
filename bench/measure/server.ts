import type { Contender } from '../contenders/contender.js';
import { readyPath } from '../contenders/environment.js';
import { until } from './deadline.js';
import { freePort, type Processes, type Running } from './processes.js';

export const HOST = '127.0.0.1';

/** A running process of a contender that accepts clients. */
export interface Server extends Running {
  readonly port: number;
  /** Where the inspector listens once enabled. `collectGarbage` uses it. */
  readonly inspectorPort: number;
}

/** Starts a contender's program as it ships, on these cores, such as `0` or `0,1`. Resolves when its readiness check answers 200. */
export async function startServer(
  processes: Processes,
  contender: Contender,
  cores: string,
  redisUrl: string,
): Promise<Server> {
  const port = await freePort();
  const inspectorPort = await freePort();
  const running = processes.start({
    // This option only sets the port. The inspector stays off.
    command: [process.execPath, `--inspect-port=${HOST}:${inspectorPort}`, contender.program],
    cores,
    folder: contender.folder,
    env: { ...contender.env, NODE_ENV: 'production', PORT: `${port}`, HOST, REDIS_URL: redisUrl },
  });
  let end: string | undefined;
  void running.ended.then((how) => {
    end = how;
  });
  const url = `http://${HOST}:${port}${readyPath}`;
  const isReady = async (): Promise<boolean> => {
    if (end) throw new Error(`${contender.name} ${end}: ${running.output()}`);
    try {
      return (await fetch(url, { signal: AbortSignal.timeout(2000) })).status === 200;
    } catch {
      return false; // not listening yet
    }
  };
  try {
    await until(20_000, `${contender.name} to be ready`, isReady);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { ...running, port, inspectorPort };
}
