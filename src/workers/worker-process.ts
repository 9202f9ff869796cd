/** One worker, as the primary process sees it. */
import cluster, { type Worker } from 'node:cluster';
import type { FromPrimary, FromWorker } from './messages.js';

/** How a process ended. `signal` is set if a signal ended it. */
export interface Ending {
  code: number | null;
  signal: string | null;
}

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Resolves once the process has ended and all its messages have been received. Never rejects. */
  readonly ended: Promise<Ending>;
  /** Does nothing if the process has ended. */
  send(message: FromPrimary): void;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a worker. `env` is added to the environment of this process. */
export function forkWorker(
  env: Record<string, string>,
  onMessage: (message: FromWorker) => void,
): WorkerProcess {
  // The operating system alone would give most connections to one or two of the workers.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const worker = cluster.fork(env);
  const closeUndelivered = rememberHandedOver(worker);
  // A message to a process that is ending may fail, and 'exit' follows.
  worker.on('error', () => undefined);
  worker.on('message', onMessage);
  const ended = endOf(worker).then((ending) => {
    closeUndelivered();
    return ending;
  });
  return {
    pid: worker.process.pid,
    ended,
    send: (message) => {
      if (worker.isConnected()) worker.send(message);
    },
    signal: (signal) => void worker.process.kill(signal),
  };
}

/** The channel may still contain messages when the process has exited, so wait for the end of both. */
function endOf(worker: Worker): Promise<Ending> {
  return new Promise((resolve) => {
    let ending: Ending | undefined;
    const check = () => {
      if (ending !== undefined && !worker.isConnected()) resolve(ending);
    };
    worker.on('exit', (code, signal) => {
      ending = { code, signal };
      check();
    });
    worker.on('disconnect', check);
    // A process that could not be started has no 'exit'.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) resolve({ code: null, signal: error.message });
    });
  });
}

/**
 * Remembers the last connection that node:cluster handed over to a worker, and returns a function that closes it. If the
 * worker dies before it takes the connection, Node keeps it open in this process forever, and its client would wait for
 * an answer that never comes. Closed, the client tries again. Closing a connection that the worker has taken does
 * nothing, since Node has closed it here. There is at most one, because Node hands over the next one only when the
 * worker has taken the last.
 */
function rememberHandedOver(worker: Worker): () => void {
  const { process } = worker;
  const send = process.send.bind(process) as (...args: unknown[]) => boolean;
  let last: { close(): void } | undefined;
  process.send = (...args: unknown[]) => {
    const handle = args[1] as { close?(): void } | undefined;
    if (handle?.close !== undefined) last = handle as { close(): void };
    return send(...args);
  };
  return () => last?.close();
}
