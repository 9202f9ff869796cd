/**
 * The primary process: keeps a number of workers running, and counts what holds for all of them together.
 *
 *   listen → forks all workers ─ each is ready → resolves with the port
 *                              └ one cannot start → ends the others and rejects
 *   a worker ends → its counts are forgotten → another one with the same node id takes its place (restarts.ts)
 *   close  → forwards the signal → waits for all → kills those that are left
 *
 * It accepts connections and hands them over to the workers in turn, which node:cluster does. It runs nothing of the
 * chat itself. messages.ts lists what it and the workers tell each other.
 */
import type { Log } from '#telemetry/log.js';
import { AddressCounts } from './address-counts.js';
import { MachineMetrics } from './machine-metrics.js';
import type { FromWorker } from './messages.js';
import { type Phase, reactionTo } from './restarts.js';
import { UnreadTotals } from './unread-totals.js';
import type { Ending, WorkerProcess } from './worker-process.js';

/** Milliseconds between two pings, and how many a worker may leave unanswered before it is killed: it hangs. */
const PING_MS = 5_000;
const UNANSWERED_PINGS = 6;

/** How much longer than `shutdownMs` the workers may take to end, in milliseconds. Each has a limit of its own before. */
const PATIENCE_MS = 7_000;

export interface PrimaryOptions {
  workers: number;
  /** Connections, and unread bytes, that one address may have on all workers together. 0 means no limit. */
  connectionsPerAddress: number;
  unreadPerAddress: number;
  /** How long requests under way may take to finish when the server shuts down, in milliseconds. */
  shutdownMs: number;
  /** Starts the worker with this number, counted from 1. */
  fork(number: number, onMessage: (message: FromWorker) => void): WorkerProcess;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
}

/** A worker cannot start. The message is for the operator. */
export class WorkerFailedError extends Error {
  override readonly name = 'WorkerFailedError';
}

/** The place of one worker, which another process takes when it ends. */
interface Place {
  readonly number: number;
  process: WorkerProcess | undefined;
  isReady: boolean;
  startedAt: number;
  youngDeaths: number;
  unansweredPings: number;
  /** Why it cannot start, if it said so. */
  sentence: string | undefined;
  restart: NodeJS.Timeout | undefined;
}

export class Primary {
  #phase: Phase = 'starting';
  readonly #places: Place[];
  /** Places whose workers have not been ready yet. */
  readonly #awaited: Set<Place>;
  readonly #connections: AddressCounts;
  readonly #unread: UnreadTotals;
  readonly #metrics = new MachineMetrics();
  #pings: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #onReady: (port: number) => void = () => undefined;
  #onFailed: (error: WorkerFailedError) => void = () => undefined;

  constructor(private readonly options: PrimaryOptions) {
    const { workers, connectionsPerAddress, unreadPerAddress } = options;
    this.#places = Array.from({ length: workers }, (_, index) => newPlace(index + 1));
    this.#awaited = new Set(this.#places);
    this.#connections = new AddressCounts(connectionsPerAddress);
    this.#unread = new UnreadTotals(unreadPerAddress, workers);
  }

  /**
   * Starts all workers. Resolves with the port when each of them accepts connections.
   * @throws {WorkerFailedError} if one cannot; the others have ended then
   */
  async listen(): Promise<number> {
    try {
      return await new Promise<number>((resolve, reject) => {
        this.#onReady = resolve;
        this.#onFailed = reject;
        for (const place of this.#places) this.#start(place);
        this.#pings = setInterval(() => this.#ping(), PING_MS);
      });
    } catch (error) {
      await this.close('SIGTERM');
      throw error;
    }
  }

  /** Ends all workers by a signal and waits for them. Safe to call twice: only the first signal is forwarded. */
  close(signal: NodeJS.Signals): Promise<void> {
    this.#closing ??= this.#close(signal);
    return this.#closing;
  }

  #start(place: Place): void {
    Object.assign(place, { ...newPlace(place.number), youngDeaths: place.youngDeaths });
    place.process = this.options.fork(place.number, (message) => this.#receive(place, message));
    void place.process.ended.then((ending) => this.#ended(place, ending));
  }

  #receive(place: Place, message: FromWorker): void {
    const { number, process } = place;
    switch (message.type) {
      case 'ready':
        this.#ready(place, message.port);
        break;
      case 'failed':
        place.sentence = message.sentence;
        break;
      case 'take': {
        const { id, address } = message;
        process?.send({ type: 'taken', id, address, admitted: this.#connections.take(number, address) });
        break;
      }
      case 'give':
        this.#connections.give(number, message.address);
        break;
      case 'unread':
        for (const { worker, address, bytes } of this.#unread.report(number, message.backlogs)) {
          this.#places[worker - 1]?.process?.send({ type: 'relieve', address, bytes });
        }
        break;
      case 'scrape': {
        const { id } = message;
        void this.#metrics.collect(this.#places).then((text) => process?.send({ type: 'scraped', id, text }));
        break;
      }
      case 'measured':
        this.#metrics.measured(message.id, message.text);
        break;
      case 'pong':
        place.unansweredPings = 0;
    }
  }

  #ready(place: Place, port: number): void {
    place.isReady = true;
    this.options.log.info({ worker: place.number, pid: place.process?.pid }, 'a worker is ready');
    this.#awaited.delete(place);
    if (this.#phase !== 'starting' || this.#awaited.size > 0) return;
    this.#phase = 'running';
    this.#onReady(port);
  }

  #ended(place: Place, ending: Ending): void {
    const { number, process, sentence, isReady: wasReady, youngDeaths } = place;
    this.#connections.forget(number);
    this.#unread.forget(number);
    place.process = undefined;
    place.isReady = false;
    const livedMs = performance.now() - place.startedAt;
    const reaction = reactionTo({ phase: this.#phase, wasReady, livedMs, youngDeaths });
    if (reaction.kind === 'ignore') return;
    if (reaction.kind === 'give up') {
      const how = ending.signal ?? `exit code ${ending.code}`;
      this.#onFailed(new WorkerFailedError(sentence ?? `Worker ${number} could not start (${how}).`));
      return;
    }
    this.#metrics.restarts += 1;
    const { afterMs } = reaction;
    place.youngDeaths = reaction.youngDeaths;
    const what = { worker: number, pid: process?.pid, ...ending, reason: sentence, afterMs };
    // An operator may end a worker by SIGTERM to have it replaced.
    if (ending.code === 0) this.options.log.info(what, 'a worker has ended and is replaced');
    else this.options.log.error(what, 'a worker died and is replaced');
    place.restart = setTimeout(() => this.#start(place), afterMs);
  }

  #ping(): void {
    for (const place of this.#places) {
      if (place.process === undefined) continue;
      if (place.unansweredPings < UNANSWERED_PINGS) {
        place.unansweredPings += 1;
        place.process.send({ type: 'ping' });
      } else {
        this.options.log.error(
          { worker: place.number, pid: place.process.pid },
          'a worker hangs and is killed',
        );
        place.process.signal('SIGKILL');
      }
    }
  }

  async #close(signal: NodeJS.Signals): Promise<void> {
    this.#phase = 'stopping';
    clearInterval(this.#pings);
    for (const { restart } of this.#places) clearTimeout(restart);
    const running = this.#places.flatMap(({ process }) => process ?? []);
    for (const process of running) process.signal(signal);
    const patience = setTimeout(() => this.#killAll(), this.options.shutdownMs + PATIENCE_MS);
    await Promise.all(running.map((process) => process.ended));
    clearTimeout(patience);
  }

  #killAll(): void {
    for (const { number, process } of this.#places) {
      if (process === undefined) continue;
      this.options.log.error(
        { worker: number, pid: process.pid },
        'a worker did not end in time and is killed',
      );
      process.signal('SIGKILL');
    }
  }
}

function newPlace(number: number): Place {
  return {
    number,
    process: undefined,
    isReady: false,
    startedAt: performance.now(),
    youngDeaths: 0,
    unansweredPings: 0,
    sentence: undefined,
    restart: undefined,
  };
}
