/** Decorators that observe every call of the store, without changing what it does. */
import type { Histogram } from 'prom-client';
import type { EventLog } from '#domain/ports/event-log.js';
import type { RoomDirectory } from '#domain/ports/presence.js';
import type { Tracing } from './tracing.js';

type Operation = keyof EventLog | keyof RoomDirectory;

/** Wraps a call of the store. Must return what the call returns. */
type Around = <R>(operation: Operation, call: () => Promise<R>) => Promise<R>;

/** Settings of `observer`. */
export interface ObserverOptions {
  /** Records how long each call takes, in seconds, by its operation and its outcome (`ok` or `error`). */
  durations: Histogram<'operation' | 'outcome'> | undefined;
  /** Runs each call in its own span, named after its operation, such as `store append`. */
  run: Tracing['run'] | undefined;
}

/**
 * Returns functions that wrap the ports of the store, method by method, so that a port may be a plain object
 * or an instance of a class. The compiler reports methods that are missing here, and rest parameters pass on
 * arguments that are added later.
 */
export function observer({ durations, run }: ObserverOptions) {
  const measured = durations ? measure(durations) : direct;
  const around: Around = run
    ? (operation, call) => run(`store ${operation}`, {}, () => measured(operation, call))
    : measured;
  // Prometheus sees the first call as an increase only if the series existed before.
  const observed = <Port extends object>(port: Port): Port => {
    for (const operation of Object.keys(port)) durations?.zero({ operation, outcome: 'ok' });
    return port;
  };
  return {
    eventLog: (log: EventLog): EventLog =>
      observed<EventLog>({
        append: (...args) => around('append', () => log.append(...args)),
        retract: (...args) => around('retract', () => log.retract(...args)),
        page: (...args) => around('page', () => log.page(...args)),
        messages: (...args) => around('messages', () => log.messages(...args)),
        heads: (...args) => around('heads', () => log.heads(...args)),
        lastMessages: (...args) => around('lastMessages', () => log.lastMessages(...args)),
      }),
    directory: (directory: RoomDirectory): RoomDirectory =>
      observed<RoomDirectory>({
        connectionCounts: (...args) => around('connectionCounts', () => directory.connectionCounts(...args)),
        activeRooms: (...args) => around('activeRooms', () => directory.activeRooms(...args)),
      }),
  };
}

const direct: Around = (_operation, call) => call();

function measure(durations: NonNullable<ObserverOptions['durations']>): Around {
  return async (operation, call) => {
    const startedAt = performance.now();
    let outcome = 'error';
    try {
      const result = await call();
      outcome = 'ok';
      return result;
    } finally {
      durations.observe({ operation, outcome }, (performance.now() - startedAt) / 1_000);
    }
  };
}
