/**
 * Metrics for Prometheus. Code with frequent events counts them in plain numbers, which are read at each
 * scrape. Rare events are reported through the methods here. Labels have few values, all fixed in the code,
 * so that neither clients nor room names can create new series.
 */
import { Counter, type CounterConfiguration, Histogram, Registry } from 'prom-client';
import { addProcessGauges } from './process-gauges.js';
import { addRedisGauges } from './redis-gauges.js';
import { addServerGauges, type ServerSources } from './server-gauges.js';

/** Functions that return current values. They are called at each scrape. */
export interface MetricsSources extends ServerSources {
  /**
   * The fields of the latest INFO of each Redis server, by the name of its shard, which is empty if there is only one
   * server. Undefined if the server did not answer.
   */
  redis(): ReadonlyMap<string, ReadonlyMap<string, string> | undefined>;
}

/** The properties of an operation that are counted. */
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

/** Why connections are rejected, or closed because their clients leave too much unread. */
const REJECTIONS = ['origin', 'host', 'connections', 'address', 'rate', 'answers', 'unread'] as const;

/** The kinds of operations that each transport supports. */
const KINDS = {
  http: ['query', 'mutation'],
  sse: ['subscription'],
  websocket: ['query', 'mutation', 'subscription'],
};

/** Where pages of history are read, and why from the primary although a replica may serve them. */
const HISTORY_READS = ['replica', 'no_replica', 'behind', 'expired', 'failed'] as const;

const LATENCIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export class Metrics {
  readonly #registry = new Registry();
  readonly #stopProcessGauges: () => void;
  readonly #flushMessages = this.#histogram(
    'flush_messages',
    'Messages written together to all subscriptions of a selection.',
    [1, 2, 5, 10, 20, 50, 100, 200, 500],
  );
  readonly #delay = this.#histogram(
    'delivery_delay_seconds',
    "From a message's time (Redis' clock) until it was written to its last subscription (this server's clock).",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  /** For `observer`, which records the calls of the store here. */
  readonly storeDurations = this.#histogram('store_duration_seconds', 'How long the store took.', LATENCIES, [
    'operation',
    'outcome',
  ]);
  readonly #gaps = this.#counter({
    name: 'gaps_filled',
    help: 'Gaps in the published messages that were found and filled.',
  });
  readonly #gapMessages = this.#counter({ name: 'gap_messages', help: 'Messages that filled gaps.' });
  readonly #troubles = this.#counter({
    name: 'troubles',
    help: 'Reads of rooms that failed and were retried.',
  });
  readonly #malformed = this.#counter({
    name: 'malformed_messages',
    help: 'Malformed messages that were skipped.',
    labelNames: ['where'],
  });
  readonly #refusals = this.#counter({
    name: 'refusals',
    help: 'Errors returned to clients, by code.',
    labelNames: ['code'],
  });
  readonly #rejected = this.#counter({
    name: 'rejected_connections',
    help: 'Connections that were rejected or closed, by reason.',
    labelNames: ['reason'],
  });
  readonly #operations = this.#counter({
    name: 'operations',
    help: 'Operations that were executed.',
    labelNames: ['transport', 'kind', 'outcome'],
  });
  readonly #reconnects = this.#counter({
    name: 'redis_reconnects',
    help: 'How often a lost connection to Redis was restored.',
    labelNames: ['connection'],
  });
  readonly #historyPages = this.#counter({
    name: 'history_pages',
    help: 'Pages that replicas may serve, by where they were read, and why if from the primary.',
    labelNames: ['from', 'reason'],
  });

  constructor(sources: MetricsSources) {
    addServerGauges(this.#registry, sources);
    addRedisGauges(this.#registry, sources.redis);
    this.#stopProcessGauges = addProcessGauges(this.#registry);
    // Prometheus sees the first event as an increase only if the series existed before.
    for (const code of CODES) this.#refusals.inc({ code: String(code) }, 0);
    for (const reason of REJECTIONS) this.#rejected.inc({ reason }, 0);
    for (const [transport, kinds] of Object.entries(KINDS)) {
      for (const kind of kinds) {
        this.#operations.inc({ transport, kind, outcome: 'ok' }, 0);
        this.#operations.inc({ transport, kind, outcome: 'error' }, 0);
      }
    }
    for (const from of HISTORY_READS) this.#historyPages.inc(historyLabels(from), 0);
    for (const where of ['list', 'channel']) this.#malformed.inc({ where }, 0);
    for (const connection of ['commands', 'subscriber']) this.#reconnects.inc({ connection }, 0);
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** All metrics, in the text format of Prometheus. */
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

  /** Counts an error that was returned to a client. An unknown code counts as BAD_USER_INPUT. */
  refused(code: unknown): void {
    this.#refusals.inc({ code: CODES.has(code) ? String(code) : 'BAD_USER_INPUT' });
  }

  rejected(reason: (typeof REJECTIONS)[number]): void {
    this.#rejected.inc({ reason });
  }

  operated({ transport, kind, failed }: MeasuredOperation): void {
    this.#operations.inc({ transport, kind, outcome: failed ? 'error' : 'ok' });
  }

  /** Counts a page of history that a replica may serve, by `from`: a replica, or why the primary was asked instead. */
  historyRead(from: (typeof HISTORY_READS)[number]): void {
    this.#historyPages.inc(historyLabels(from));
  }

  reconnected(connection: string): void {
    this.#reconnects.inc({ connection });
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

function historyLabels(from: (typeof HISTORY_READS)[number]) {
  return from === 'replica' ? { from, reason: '' } : { from: 'primary', reason: from };
}
