/**
 * Measures for Prometheus. What happens often is counted in plain numbers where it happens, and read when
 * somebody asks; what happens now and then is told by the methods here. Labels have few values, fixed in the
 * code: nothing that a client or a room's name could make more of.
 */
import { Counter, type CounterConfiguration, Gauge, Histogram, Registry } from 'prom-client';
import { addProcessGauges } from './process-gauges.js';
import { addRedisGauges } from './redis-gauges.js';

/** What is read when somebody asks. */
export interface MetricsSources {
  connections(): { websocket: number; sse: number };
  fanout(): {
    rooms: number;
    projections: number;
    subscriptions: number;
    lagging: number;
    deliveries: number;
    bytes: number;
    messages: number;
  };
  redis(): ReadonlyMap<string, string> | undefined;
}

/** What of an operation is counted. */
export interface MeasuredOperation {
  transport: string;
  kind: string;
  failed: boolean;
}

const CODES: ReadonlySet<unknown> = new Set([
  'BAD_USER_INPUT',
  'CURSOR_EXPIRED',
  'RATE_LIMITED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
]);

/** What comes over which transport. */
const KINDS = {
  http: ['query', 'mutation'],
  sse: ['subscription'],
  websocket: ['query', 'mutation', 'subscription'],
};

const LATENCIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export class Metrics {
  readonly #registry = new Registry();
  readonly #stopProcessGauges: () => void;
  readonly #flushMessages = this.#histogram(
    'flush_messages',
    'Messages that went to all viewers of a selection together.',
    [1, 2, 5, 10, 20, 50, 100, 200, 500],
  );
  readonly #delay = this.#histogram(
    'delivery_delay_seconds',
    "From a message's time, by Redis' clock, until it was written to the last of its viewers, by this server's.",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  readonly #store = this.#histogram('store_duration_seconds', 'How long the store took.', LATENCIES, [
    'operation',
    'outcome',
  ]);
  readonly #gaps = this.#counter({ name: 'gaps_filled', help: 'Gaps in what was told, found and filled.' });
  readonly #gapMessages = this.#counter({ name: 'gap_messages', help: 'Messages that filled gaps.' });
  readonly #troubles = this.#counter({ name: 'troubles', help: 'Reads that failed and were tried again.' });
  readonly #malformed = this.#counter({
    name: 'malformed_messages',
    help: 'What was found in place of a message, and stepped over.',
    labelNames: ['where'],
  });
  readonly #refusals = this.#counter({
    name: 'refusals',
    help: 'Errors that clients were given, by their code.',
    labelNames: ['code'],
  });
  readonly #rejected = this.#counter({
    name: 'rejected_connections',
    help: 'Connections that were not taken, by what stopped them.',
    labelNames: ['reason'],
  });
  readonly #operations = this.#counter({
    name: 'operations',
    help: 'Operations that were run.',
    labelNames: ['transport', 'kind', 'outcome'],
  });
  readonly #reconnects = this.#counter({
    name: 'redis_reconnects',
    help: 'Times that a connection to Redis was lost and came back.',
    labelNames: ['connection'],
  });

  constructor(sources: MetricsSources) {
    this.#addSources(sources);
    addRedisGauges(this.#registry, sources.redis);
    this.#stopProcessGauges = addProcessGauges(this.#registry);
    // A rate can be taken of what has not happened yet.
    for (const code of CODES) this.#refusals.inc({ code: String(code) }, 0);
    for (const reason of ['origin', 'host', 'connections', 'address', 'rate'])
      this.#rejected.inc({ reason }, 0);
    for (const [transport, kinds] of Object.entries(KINDS)) {
      for (const kind of kinds) {
        this.#operations.inc({ transport, kind, outcome: 'ok' }, 0);
        this.#operations.inc({ transport, kind, outcome: 'error' }, 0);
      }
    }
    for (const where of ['list', 'channel']) this.#malformed.inc({ where }, 0);
    for (const connection of ['commands', 'subscriber']) this.#reconnects.inc({ connection }, 0);
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** All of it, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  close(): void {
    this.#stopProcessGauges();
    this.#registry.clear();
  }

  flushed(messages: number): void {
    this.#flushMessages.observe(messages);
  }

  delivered(delayMs: number): void {
    this.#delay.observe(delayMs / 1_000);
  }

  gapFilled(messages: number): void {
    this.#gaps.inc();
    this.#gapMessages.inc(messages);
  }

  troubled(): void {
    this.#troubles.inc();
  }

  malformed(where: 'list' | 'channel'): void {
    this.#malformed.inc({ where });
  }

  /** A client was given an error with this code; one that is not ours counts as a request that was wrong. */
  refused(code: unknown): void {
    this.#refusals.inc({ code: CODES.has(code) ? String(code) : 'BAD_USER_INPUT' });
  }

  rejected(reason: 'origin' | 'host' | 'connections' | 'address' | 'rate'): void {
    this.#rejected.inc({ reason });
  }

  operated({ transport, kind, failed }: MeasuredOperation): void {
    this.#operations.inc({ transport, kind, outcome: outcomeOf(failed) });
  }

  reconnected(connection: string): void {
    this.#reconnects.inc({ connection });
  }

  /** The same, with how long each of its calls takes. */
  timed<S extends object>(store: S): S {
    const measured = Object.entries(store).map(([operation, call]) => [
      operation,
      this.#timed(operation, call),
    ]);
    return Object.fromEntries(measured) as S;
  }

  #timed(operation: string, call: (...args: unknown[]) => Promise<unknown>): typeof call {
    const done = { operation, outcome: outcomeOf(false) };
    const failed = { operation, outcome: outcomeOf(true) };
    this.#store.zero(done);
    return async (...args) => {
      const beganAt = performance.now();
      try {
        const result = await call(...args);
        this.#store.observe(done, (performance.now() - beganAt) / 1_000);
        return result;
      } catch (error) {
        this.#store.observe(failed, (performance.now() - beganAt) / 1_000);
        throw error;
      }
    };
  }

  #addSources({ connections, fanout }: MetricsSources): void {
    const registers = [this.#registry];
    new Gauge({
      name: 'streamly_connections',
      help: 'Connections that are open.',
      labelNames: ['transport'],
      registers,
      collect() {
        for (const [transport, count] of Object.entries(connections())) this.set({ transport }, count);
      },
    });
    const gauges = {
      rooms: 'Rooms that are followed here.',
      projections: 'Distinct selections that are being delivered.',
      subscriptions: 'Subscriptions to rooms that are open.',
      lagging: 'Subscriptions that wait: for a client that reads slowly, or for older history.',
    } as const;
    for (const [name, help] of Object.entries(gauges)) {
      new Gauge({
        name: `streamly_${name === 'lagging' ? 'lagging_subscriptions' : name}`,
        help,
        registers,
        collect() {
          this.set(fanout()[name as keyof typeof gauges]);
        },
      });
    }
    const counters = {
      deliveries: ['deliveries', 'Messages written to viewers, one to each.'],
      bytes: ['delivered_bytes', 'Bytes of the results that were written to viewers.'],
      messages: ['messages', 'Messages that came into the rooms that are followed here.'],
    } as const;
    for (const [source, [name, help]] of Object.entries(counters)) {
      new Counter({
        name: `streamly_${name}_total`,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(fanout()[source as keyof typeof counters]);
        },
      });
    }
  }

  #counter<L extends string>({ name, ...rest }: CounterConfiguration<L>): Counter<L> {
    return new Counter<L>({ ...rest, name: `streamly_${name}_total`, registers: [this.#registry] });
  }

  #histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: L[] = [],
  ): Histogram<L> {
    return new Histogram<L>({
      name: `streamly_${name}`,
      help,
      buckets,
      labelNames,
      registers: [this.#registry],
    });
  }
}

function outcomeOf(failed: boolean): 'error' | 'ok' {
  return failed ? 'error' : 'ok';
}
