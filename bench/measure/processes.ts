import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** A process that the run has started, and that the run will end. */
export interface Running {
  readonly pid: number;
  /** Resolves, never rejects, to the way in which it ended. */
  readonly ended: Promise<string>;
  /** The last of what it has written. */
  output(): string;
  /** Asks it to end, and after five seconds makes it. Resolves once it is gone. */
  stop(): Promise<void>;
}

export interface Program {
  readonly command: readonly [string, ...string[]];
  readonly core: number;
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

const FILES = 65536;
const OUTPUT_CHARACTERS = 4000;
const PATIENCE_MS = 5000;

/** Every process of the run, so that its end is the end of all of them. */
export class Processes {
  readonly #running = new Set<Running>();
  #stopped = false;

  /** Starts a program on one core, with room for its sockets, and with no environment but PATH and its own. */
  start({ command, core, folder, env }: Program): Running {
    if (this.#stopped) throw new Error('The run is over.');
    const script = `ulimit -n ${FILES} 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec taskset -c ${core} "$@"`;
    const child = spawn('sh', ['-c', script, 'sh', ...command], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = this.#watch(child);
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
    return running;
  }

  /** Ends every process, and lets none be started any more. */
  async stopAll(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running].map((running) => running.stop()));
  }

  /** Whether `stopAll` was called. */
  get stopped(): boolean {
    return this.#stopped;
  }

  #watch(child: ChildProcess): Running {
    const { pid } = child;
    if (pid === undefined) throw new Error('A process could not be started.');
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_CHARACTERS);
      });
    }
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exited with ${code}`));
    });
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await ended;
      clearTimeout(timer);
    };
    return { pid, ended, output: () => output, stop };
  }
}

/** A port of the loopback that was free just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === 'object') resolve(address.port);
        else reject(new Error('No port was free.'));
      });
    });
  });
}
