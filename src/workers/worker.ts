/** The worker's end of the channel to the primary process. */
import process from 'node:process';
import type { Config } from '#config/config.js';
import { WorkerMachine } from './machine.js';
import type { Channel, FromPrimary, FromWorker } from './messages.js';
import { shareOf } from './share-limits.js';

/** What a worker starts with. */
export interface Worker<C extends Config> {
  /** The configuration with this worker's share of the limits of the whole server. */
  readonly config: C;
  readonly machine: WorkerMachine;
  /** Says that this worker accepts connections. */
  ready(port: number): void;
}

/** Joins the primary process that started this one. When the primary process ends, Node ends this one at once. */
export function joinPrimary<C extends Config>(config: C): Worker<C> {
  const channel = openChannel();
  return {
    config: shareOf(config),
    machine: new WorkerMachine(channel, config),
    ready: (port) => channel.send({ type: 'ready', port }),
  };
}

/** Says why this worker cannot start. Resolves when the primary process has the sentence, or has ended. */
export function reportFailure(sentence: string): Promise<void> {
  return new Promise((resolve) => post({ type: 'failed', sentence }, () => resolve()));
}

function openChannel(): Channel {
  return {
    send: (message) => post(message, () => undefined),
    listen: (listener) => void process.on('message', (message) => listener(message as FromPrimary)),
  };
}

/** Calls `done` when the message has been written, or could not be: the primary process has ended, and so does this. */
function post(message: FromWorker, done: () => void): void {
  if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, done);
  else done();
}
