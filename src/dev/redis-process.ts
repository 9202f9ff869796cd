import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export { freePort } from './free-port.js';

/** Settings of `startServerProcess`. */
export interface ServerProcessOptions {
  /** The TCP port on 127.0.0.1. */
  port: number;
  /** An existing directory for this server only: its working directory and the location of its socket. */
  dir: string;
  /** The path of a configuration file that the server reads first, and may rewrite. A Sentinel needs one. */
  configFile?: string;
  /** Additional arguments for the server, such as `['--appendonly', 'yes']`. */
  args?: readonly string[];
  /** Where to look for the program, in the format of PATH. Defaults to the PATH of this process. */
  searchPath?: string;
  /** Milliseconds that the server may take to start. Defaults to 10,000. */
  timeoutMs?: number;
}

/** A running server. */
export interface ServerProcess {
  /** The process id of the server itself. */
  readonly pid: number;
  /** Resolves once the server has exited for any reason. Never rejects. */
  readonly exited: Promise<void>;
  /** Kills the server, removes `dir`, and waits for both. Safe to call twice. */
  end(): Promise<void>;
}

/** No server program was found. The message says what to install. */
export class NoServerProgramError extends Error {
  override readonly name = 'NoServerProgramError';
}

/** Another process listens on the port. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

// A watcher next to the server reads from a pipe that this process holds open. When this process ends, even
// by SIGKILL, the pipe closes, and the watcher kills the server and removes its directory. It uses SIGKILL
// because a stopped or hanging server would not react to SIGTERM. The script exits with the server's status,
// or with 127 if there is no program.
const SUPERVISOR_SCRIPT = `
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
 * Starts redis-server, or valkey-server if there is no redis-server, and resolves once it answers. It listens
 * on 127.0.0.1 only, saves nothing unless `args` say so, and never outlives this process.
 * @throws {NoServerProgramError} if neither program is on the path
 * @throws {PortTakenError} if another process listens on the port
 * @throws {Error} if the server exits or does not answer in time; the message contains the end of its log
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { port, dir, configFile, args = [], searchPath, timeoutMs = 10_000 } = options;
  const socketPath = join(dir, 'redis.sock');
  const settings = {
    'protected-mode': 'yes',
    save: '',
    appendonly: 'no',
    'maxmemory-policy': 'noeviction',
    loglevel: 'warning',
  };
  // These come after `args`, which may include a whole redis.conf: the last value wins.
  const overrides = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    unixsocket: socketPath,
    unixsocketperm: '700',
  };
  const file = configFile === undefined ? [] : [configFile];
  const serverArgs = [...file, ...asArgs(settings), ...args, ...asArgs(overrides)];
  const shell = spawn('/bin/sh', ['-c', SUPERVISOR_SCRIPT, 'supervise', dir, ...serverArgs], {
    // In its own process group: Ctrl-C signals the whole group of the terminal, and would kill the server
    // while the application still needs it to shut down cleanly.
    detached: true,
    ...(searchPath === undefined ? {} : { env: { PATH: searchPath } }),
  });
  const log = new LogTail(20);
  shell.stderr.on('data', (chunk: Buffer) => log.add(chunk));
  let pidLine = '';
  shell.stdout.on('data', (chunk: Buffer) => {
    pidLine += chunk.toString();
  });
  // The shell has exited. 'close' below handles that.
  shell.stdin.on('error', (error) => log.add(`${error}\n`));
  let running = true;
  // 'close' rather than 'exit', because it waits until the log is complete.
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
  // Ping over the Unix socket in `dir`, so that another server that took the port cannot answer.
  while (!(pidLine.endsWith('\n') && (await answersPing(socketPath)))) {
    if (!running) {
      if (shell.exitCode === 127) throw new NoServerProgramError(NO_PROGRAM);
      const message = `The Redis server exited during startup (status ${shell.exitCode}):\n${log}`;
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

/** True if the server answers, even if it demands a password. False while it is loading or unreachable. */
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

/** Keeps the last lines of a text that arrives in chunks. */
class LogTail {
  #text = '';
  constructor(readonly lines: number) {}

  add(text: Buffer | string): void {
    this.#text = (this.#text + text.toString())
      .split('\n')
      .slice(-this.lines - 1)
      .join('\n');
  }

  toString(): string {
    return this.#text.trim() || '(empty log)';
  }
}
