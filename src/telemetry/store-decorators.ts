/** Decorators that observe every call of the message store, without changing what it does. */
import type { Histogram } from 'prom-client';
import type { ChatRepository } from '#domain/ports/event-log.js';
import type { Tracing } from './tracing.js';

/** Makes a call of the store, and does something before or after it. Must return what the call returns. */
type Around = <R>(operation: keyof ChatRepository, call: () => Promise<R>) => Promise<R>;

/**
 * Wraps each method by name, so that a store may be an object or an instance of a class. The compiler reports
 * a method that is missing here, and the rest parameters pass on arguments that are added later.
 */
function decorateStore(store: ChatRepository, around: Around): ChatRepository {
  return {
    send: (...args) => around('send', () => store.send(...args)),
    page: (...args) => around('page', () => store.page(...args)),
    lastMessages: (...args) => around('lastMessages', () => store.lastMessages(...args)),
    connectionCounts: (...args) => around('connectionCounts', () => store.connectionCounts(...args)),
    activeRooms: (...args) => around('activeRooms', () => store.activeRooms(...args)),
  };
}

/** Records how long each call takes, in seconds, by its operation and its outcome (`ok` or `error`). */
export function measuredStore(
  store: ChatRepository,
  durations: Histogram<'operation' | 'outcome'>,
): ChatRepository {
  const measured = decorateStore(store, async (operation, call) => {
    const startedAt = performance.now();
    let outcome = 'error';
    try {
      const result = await call();
      outcome = 'ok';
      return result;
    } finally {
      durations.observe({ operation, outcome }, (performance.now() - startedAt) / 1_000);
    }
  });
  // Prometheus sees the first call as an increase only if the series was there before it.
  for (const operation of Object.keys(measured)) durations.zero({ operation, outcome: 'ok' });
  return measured;
}

/** Makes each call in a span of its own, named after its operation: `store send`. */
export function tracedStore(store: ChatRepository, run: Tracing['run']): ChatRepository {
  return decorateStore(store, (operation, call) => run(`store ${operation}`, {}, call));
}
