import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** A process that the run has started and will stop. */
export interface Running {
  readonly pid: number;
  /** Resolves to how the process ended. Never rejects. */
  readonly ended: Promise<string>;
  /** The end of its output. */
  output(): string;
  /** Sends SIGTERM, and SIGKILL after five seconds. Resolves when the process has exited. */
  stop(): Promise<void>;
}

export interface Program {
  readonly command: readonly [string, ...string[]];
  /** The cores that it may use, such as `0` or `0,1`. */
  readonly cores: string;
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Limit on open files, which includes sockets. */
const OPEN_FILES = 65536;
const OUTPUT_CHARACTERS = 4000;
const KILL_AFTER_MS = 5000;

/** Keeps track of all processes of the run, so that all of them stop with it. */
export class Processes {
  readonly #running = new Set<Running>();
  #stopped = false;

  /** Starts a program on its cores, with a raised limit on open files. Its environment is `env` and PATH. */
  start({ command, cores, folder, env }: Program): Running {
    if (this.#stopped) throw new Error('The run has been stopped.');
    const script = `ulimit -n ${OPEN_FILES} 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec taskset -c ${cores} "$@"`;
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

  /** Stops every process. No more can be started. */
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
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await ended;
      clearTimeout(timer);
    };
    return { pid, ended, output: () => output, stop };
  }
}

/** A port of the loopback interface that is free at the moment. */
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
