import { Counter, Gauge, type Registry } from 'prom-client';

/** Functions that return the current state of the server. They are called at each scrape. */
export interface ServerSources {
  /** Open connections by transport. */
  connections(): { websocket: number; sse: number };
  /** The first four are current counts, the others are totals since the start. */
  fanout(): {
    rooms: number;
    projections: number;
    subscriptions: number;
    lagging: number;
    deliveries: number;
    bytes: number;
    messages: number;
  };
  /** Log lines that could not be written since the start. */
  droppedLogLines(): number;
}

const GAUGES = {
  rooms: ['rooms', 'Rooms that are open on this server.'],
  projections: ['projections', 'Distinct selections that are being delivered.'],
  subscriptions: ['subscriptions', 'Open subscriptions to rooms.'],
  lagging: ['lagging_subscriptions', 'Subscriptions that wait for a slow client or for older history.'],
} as const;

const COUNTERS = {
  deliveries: ['deliveries', 'Messages written, counted once per subscription.'],
  bytes: ['delivered_bytes', 'Bytes of results written to subscriptions.'],
  messages: ['messages', 'Messages that arrived in the rooms that are open on this server.'],
} as const;

/** Adds the metrics of connections and delivery. */
export function addServerGauges(
  registry: Registry,
  { connections, fanout, droppedLogLines }: ServerSources,
): void {
  const registers = [registry];
  new Counter({
    name: 'streamly_log_lines_dropped_total',
    help: 'Log lines that could not be written.',
    registers,
    collect() {
      this.reset();
      this.inc(droppedLogLines());
    },
  });
  new Gauge({
    name: 'streamly_connections',
    help: 'Open connections.',
    labelNames: ['transport'],
    registers,
    collect() {
      for (const [transport, count] of Object.entries(connections())) this.set({ transport }, count);
    },
  });
  for (const [source, [name, help]] of Object.entries(GAUGES)) {
    new Gauge({
      name: `streamly_${name}`,
      help,
      registers,
      collect() {
        this.set(fanout()[source as keyof typeof GAUGES]);
      },
    });
  }
  for (const [source, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name: `streamly_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(fanout()[source as keyof typeof COUNTERS]);
      },
    });
  }
}
