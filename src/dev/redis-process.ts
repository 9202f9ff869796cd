import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export { freePort } from './free-port.js';

export interface ServerProcessOptions {
  /** The TCP port on 127.0.0.1. */
  port: number;
  /** An existing directory for this server alone: its working directory, and the place of its socket. */
  dir: string;
  /** More arguments for the server, such as `['--appendonly', 'yes']`. */
  args?: readonly string[];
  /** Where to look for the program, in the form of PATH; the PATH of this process where not given. */
  searchPath?: string;
  /** How long the server may take until it answers, in milliseconds; 10,000 where not given. */
  timeoutMs?: number;
}

export interface ServerProcess {
  /** The process id of the server itself. */
  readonly pid: number;
  /** Resolves once the server is gone, whatever ended it. Never rejects. */
  readonly exited: Promise<void>;
  /** Kills the server without a word, removes `dir`, and waits for both. May be called twice. */
  end(): Promise<void>;
}

/** No server program was found: the message says what to install. */
export class NoServerProgramError extends Error {
  override readonly name = 'NoServerProgramError';
}

/** Something else listens on the port. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

// The server runs beside a watcher that reads from our end of a pipe. However this process ends, even by
// SIGKILL, the pipe ends with it, and the watcher then kills the server and removes its directory.
// SIGKILL, since a server that was stopped or hangs would not heed SIGTERM. Exits with the server's own
// status, or with 127 where there is no program.
const SUPERVISE = `
dir=$1; shift
program=$(command -v redis-server || command -v valkey-server) || exit 127
exec 3<&0 </dev/null
"$program" "$@" >&2 3<&- &
server=$!
( read -r _ <&3; trap '' TERM; kill -KILL $server; rm -rf "$dir" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
echo $server
exec >&-
wait $server; status=$?
kill $watcher; wait $watcher
exit $status
`;

/**
 * Starts redis-server, or valkey-server where that is what there is, and resolves once it answers.
 * It listens on 127.0.0.1 alone, saves nothing unless `args` say so, and never outlives this process.
 * @throws {NoServerProgramError} where neither program is on the path
 * @throws {PortTakenError} where something else listens on the port
 * @throws {Error} where the server ends or stays silent; the message holds the last lines of its log
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { port, dir, args = [], searchPath, timeoutMs = 10_000 } = options;
  const socketPath = join(dir, 'redis.sock');
  const settings = {
    'protected-mode': 'yes',
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  };
  // After `args`, which may include a whole redis.conf: the last one counts.
  const place = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    unixsocket: socketPath,
    unixsocketperm: '700',
  };
  const serverArgs = [...asArgs(settings), ...args, ...asArgs(place)];
  const shell = spawn('/bin/sh', ['-c', SUPERVISE, 'supervise', dir, ...serverArgs], {
    // A session of its own: Ctrl-C in a terminal goes to the whole group, and would end the server while
    // the application still needs it to say goodbye to its clients.
    detached: true,
    ...(searchPath === undefined ? {} : { env: { PATH: searchPath } }),
  });
  const log = new Tail(20);
  shell.stderr.on('data', (chunk: Buffer) => log.add(chunk));
  let pidLine = '';
  shell.stdout.on('data', (chunk: Buffer) => {
    pidLine += chunk.toString();
  });
  // A write to a pipe whose reader is gone; 'close' below tells the same.
  shell.stdin.on('error', (error) => log.add(`${error}\n`));
  let running = true;
  // 'close' rather than 'exit': it waits for the log to be complete.
  const exited = new Promise<void>((resolve) => {
    shell.once('error', (error) => log.add(`${error}\n`));
    shell.once('close', () => {
      running = false;
      resolve();
    });
  });
  const end = async (): Promise<void> => {
    shell.stdin.end();
    await exited;
  };

  const deadline = Date.now() + timeoutMs;
  // Asked over the socket in its own directory: another server that took the port cannot answer there.
  while (!(pidLine.endsWith('\n') && (await answersPing(socketPath)))) {
    if (!running) {
      if (shell.exitCode === 127) throw new NoServerProgramError(NO_PROGRAM);
      const message = `The Redis server ended while starting (status ${shell.exitCode}):\n${log}`;
      throw /address already in use/i.test(message) ? new PortTakenError(message) : new Error(message);
    }
    if (Date.now() > deadline) {
      await end();
      throw new Error(`The Redis server did not answer within ${timeoutMs} ms:\n${log}`);
    }
    await sleep(10);
  }
  return { pid: Number(pidLine), exited, end };
}

const NO_PROGRAM =
  'Neither redis-server nor valkey-server is on the PATH. Install one of them ' +
  '(Debian, Ubuntu: apt-get install redis-server; Alpine: apk add redis; macOS: brew install redis), ' +
  'or set REDIS_URL to a running server.';

function asArgs(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** True for PONG, and for a refusal to talk without a password; false while loading, or where none answers. */
function answersPing(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('data', (reply) => settle(/^(\+PONG|-NOAUTH)/.test(reply.toString())));
    socket.write('PING\r\n');
  });
}

/** The last lines of a text that comes in pieces. */
class Tail {
  #text = '';
  constructor(readonly lines: number) {}

  add(text: Buffer | string): void {
    this.#text = (this.#text + text.toString())
      .split('\n')
      .slice(-this.lines - 1)
      .join('\n');
  }

  toString(): string {
    return this.#text.trim() || '(it logged nothing)';
  }
}
