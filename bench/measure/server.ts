import type { Contender } from '../contenders/contender.js';
import { readyPath } from '../contenders/place.js';
import { until } from './deadline.js';
import { freePort, type Processes, type Running } from './processes.js';

export const HOST = '127.0.0.1';

/** One process of a contender that accepts clients. */
export interface Server extends Running {
  readonly port: number;
  /** Where a debugger may be asked in, so that garbage can be collected before memory is read. */
  readonly inspectorPort: number;
}

/** Starts a contender's program as it is shipped; resolves once its readiness answers 200. */
export async function startServer(
  processes: Processes,
  contender: Contender,
  core: number,
  redisUrl: string,
): Promise<Server> {
  const port = await freePort();
  const inspectorPort = await freePort();
  const running = processes.start({
    // The inspector stays off: the option only says where it would listen.
    command: [process.execPath, `--inspect-port=${HOST}:${inspectorPort}`, contender.program],
    core,
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
      return false; // nobody listens yet
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
