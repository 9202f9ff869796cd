import { mergeMetrics } from './merge-metrics.js';
import type { FromPrimary } from './messages.js';
import { Pending } from './pending.js';

/** How long a worker may take to tell its metrics, in milliseconds. After that, it counts as not up. */
const MEASURE_MS = 1_000;

/** A worker that may be asked for its metrics. */
interface MeasuredWorker {
  readonly number: number;
  readonly isReady: boolean;
  readonly process: { send(message: FromPrimary): void } | undefined;
}

/** The metrics of all workers, and of what the primary process does with them. */
export class MachineMetrics {
  /** Workers that have been replaced. */
  restarts = 0;
  readonly #measurements = new Pending<string>();

  /** Asks all workers at once. Resolves when each has answered or the time is up. */
  async collect(workers: readonly MeasuredWorker[]): Promise<string> {
    const asked = workers.map(async ({ number, isReady, process }) => {
      const text = isReady
        ? await this.#measurements.ask(MEASURE_MS, (id) => process?.send({ type: 'measure', id }))
        : undefined;
      return [number, text] as const;
    });
    const answers = await Promise.all(asked);
    const texts = new Map(answers.flatMap(([number, text]) => (text === undefined ? [] : [[number, text]])));
    return `${mergeMetrics(texts)}${this.#own(answers)}`;
  }

  /** Takes the answer of a worker. */
  measured(id: number, text: string): void {
    this.#measurements.answer(id, text);
  }

  #own(answers: readonly (readonly [number: number, text: string | undefined])[]): string {
    const up = answers.map(
      ([number, text]) => `streamly_worker_up{worker="${number}"} ${text === undefined ? 0 : 1}\n`,
    );
    return [
      '# HELP streamly_worker_up 1 if the worker told its metrics in time, else 0.\n',
      '# TYPE streamly_worker_up gauge\n',
      ...up,
      '# HELP streamly_worker_restarts_total Workers that ended and were replaced.\n',
      '# TYPE streamly_worker_restarts_total counter\n',
      `streamly_worker_restarts_total ${this.restarts}\n`,
    ].join('');
  }
}
