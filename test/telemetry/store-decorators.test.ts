import { Histogram, Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import type { EventLog } from '#domain/ports/event-log.js';
import type { RoomDirectory } from '#domain/ports/presence.js';
import { type ObserverOptions, observer } from '#telemetry/store-decorators.js';

type Store = EventLog & RoomDirectory;
type Operation = Extract<keyof Store, string>;

/** Arguments for each operation. The compiler reports a missing operation. */
const CALLS: { [Name in Operation]: Parameters<Store[Name]> } = {
  append: [
    { roomId: 'room1', author: { id: 'guest:Ann', name: 'Ann' }, content: 'hello' },
    { id: 'guest:Ann', address: '::1', exempt: 'from nothing' },
  ],
  retract: ['room1', ['1-0'], { author: 'ann' }],
  page: ['room1', { take: { last: 5 } }],
  messages: ['room1', { take: { first: 5 } }],
  heads: [['room1']],
  lastMessages: [['room1', 'room2']],
  connectionCounts: [['room1']],
  activeRooms: [10],
};

const OPERATIONS = Object.keys(CALLS) as Operation[];

/** A store whose methods are on its prototype and need `this`. It returns its arguments. */
class EchoStore {
  #fault: Error | undefined;

  constructor(fault?: Error) {
    this.#fault = fault;
  }

  async #answer(operation: Operation, args: unknown[]): Promise<unknown> {
    if (this.#fault) throw this.#fault;
    return { operation, args };
  }

  append(...args: unknown[]) {
    return this.#answer('append', args);
  }

  retract(...args: unknown[]) {
    return this.#answer('retract', args);
  }

  messages(...args: unknown[]) {
    return this.#answer('messages', args);
  }

  heads(...args: unknown[]) {
    return this.#answer('heads', args);
  }

  page(...args: unknown[]) {
    return this.#answer('page', args);
  }

  lastMessages(...args: unknown[]) {
    return this.#answer('lastMessages', args);
  }

  connectionCounts(...args: unknown[]) {
    return this.#answer('connectionCounts', args);
  }

  activeRooms(...args: unknown[]) {
    return this.#answer('activeRooms', args);
  }
}

const echo = (fault?: Error) => new EchoStore(fault) as unknown as Store;

/** Both ports of a store, observed. */
function observed(store: Store, options: Partial<ObserverOptions>): Store {
  const observe = observer({ durations: undefined, run: undefined, ...options });
  return { ...observe.eventLog(store), ...observe.directory(store) };
}

function call(store: Store, operation: Operation): Promise<unknown> {
  const args: unknown[] = CALLS[operation];
  return (store[operation] as (...args: unknown[]) => Promise<unknown>)(...args);
}

describe('a measured store', () => {
  const registry = new Registry();
  let durations: Histogram<'operation' | 'outcome'>;
  beforeEach(() => {
    registry.clear();
    durations = new Histogram({
      name: 'store',
      help: 'Durations.',
      labelNames: ['operation', 'outcome'],
      registers: [registry],
    });
  });

  /** The number of recorded calls, by operation and outcome. */
  async function recorded(): Promise<Record<string, number>> {
    const { values } = await durations.get();
    const counts = values.filter(({ metricName }) => metricName === 'store_count');
    return Object.fromEntries(
      counts.map(({ labels, value }) => [`${labels.operation} ${labels.outcome}`, value]),
    );
  }

  const noCalls = Object.fromEntries(OPERATIONS.map((operation) => [`${operation} ok`, 0]));

  test('has a series for every operation before the first call', async () => {
    observed(echo(), { durations });
    expect(await recorded()).toEqual(noCalls);
  });

  test.each(OPERATIONS)('records a call of %s and passes on its arguments and result', async (operation) => {
    const result = await call(observed(echo(), { durations }), operation);
    expect(result).toEqual({ operation, args: CALLS[operation] });
    expect(await recorded()).toEqual({ ...noCalls, [`${operation} ok`]: 1 });
  });

  test.each(OPERATIONS)('records a failed call of %s and passes on its error', async (operation) => {
    const fault = new Error('away');
    await expect(call(observed(echo(fault), { durations }), operation)).rejects.toBe(fault);
    expect(await recorded()).toEqual({ ...noCalls, [`${operation} error`]: 1 });
  });
});

describe('a traced store', () => {
  test.each(OPERATIONS)('runs each call of %s in a span with its name', async (operation) => {
    const spans: string[] = [];
    const store = observed(echo(), {
      run: async (name, attributes, work) => {
        spans.push(name);
        expect(attributes).toEqual({});
        return work();
      },
    });
    expect(await call(store, operation)).toEqual({ operation, args: CALLS[operation] });
    expect(spans).toEqual([`store ${operation}`]);
  });
});
