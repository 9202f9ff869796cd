import type { NodeStats } from '#fanout/hub-options.js';
import type { DeliveryRates } from '#fanout/meter.js';
import type { Builder } from '#graphql/builder.js';

/** Adds statistics of the server, for dashboards. */
export function addServerStats(builder: Builder): void {
  const DeliveryDelay = builder.objectRef<NonNullable<DeliveryRates['delayMs']>>('DeliveryDelay').implement({
    description:
      "Delivery delay in milliseconds: from the time a message was accepted, by Redis' clock, until it was written to its last subscription on this server, by the server's clock.",
    fields: (t) => ({
      median: t.exposeFloat('median', { description: 'The median delay.' }),
      p99: t.exposeFloat('p99', { description: 'The 99th percentile.' }),
    }),
  });

  const ServerStats = builder.objectRef<NodeStats & { at: Date }>('ServerStats').implement({
    description: 'Statistics of the server that answers. Rates are those of the last full second.',
    fields: (t) => ({
      at: t.expose('at', {
        type: 'DateTime',
        description: "The time of the measurement, by the server's clock.",
      }),
      viewers: t.exposeInt('subscriptions', {
        description:
          'Open subscriptions to rooms on this server. A client with two subscriptions counts twice.',
      }),
      rooms: t.exposeInt('rooms', { description: 'Rooms with at least one subscription on this server.' }),
      messagesPerSecond: t.exposeInt('messagesPerSecond', {
        description: 'Messages per second that arrived in these rooms.',
      }),
      deliveriesPerSecond: t.exposeInt('deliveriesPerSecond', {
        description:
          'Messages per second that were written to subscriptions. A message to a thousand subscriptions counts a thousand times.',
      }),
      delayMs: t.expose('delayMs', {
        type: DeliveryDelay,
        nullable: true,
        description: 'The delivery delay; null if no messages were delivered.',
      }),
    }),
  });

  builder.subscriptionField('serverStats', (t) =>
    t.field({
      type: ServerStats,
      description: 'Statistics of the server that answers, once per second.',
      subscribe: (_root, _args, { hub }) => hub.watch('server', () => ({ ...hub.stats, at: new Date() })),
      resolve: (stats) => stats,
    }),
  );
}
