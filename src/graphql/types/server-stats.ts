import type { NodeStats } from '#fanout/hub.js';
import type { DeliveryRates } from '#fanout/meter.js';
import type { Builder } from '#graphql/builder.js';

/** What a server is doing, as it does it: for whoever runs it. */
export function addServerStats(builder: Builder): void {
  const DeliveryDelay = builder.objectRef<NonNullable<DeliveryRates['delayMs']>>('DeliveryDelay').implement({
    description:
      "How long messages took from being accepted, by Redis' clock, until they were written to the last of their viewers on this server, by its own clock. Milliseconds.",
    fields: (t) => ({
      median: t.exposeFloat('median', { description: 'Half of the messages took no longer.' }),
      p99: t.exposeFloat('p99', { description: '99 of 100 messages took no longer.' }),
    }),
  });

  const ServerStats = builder.objectRef<NodeStats & { at: Date }>('ServerStats').implement({
    description: 'What the server that answers was doing in the last full second.',
    fields: (t) => ({
      at: t.expose('at', {
        type: 'DateTime',
        description: "When this was looked at, by the server's clock.",
      }),
      viewers: t.exposeInt('viewers', {
        description: 'Subscriptions to rooms that are open on this server.',
      }),
      rooms: t.exposeInt('rooms', { description: 'Rooms that are followed on this server.' }),
      messagesPerSecond: t.exposeInt('messagesPerSecond', {
        description: 'Messages that came into those rooms.',
      }),
      deliveriesPerSecond: t.exposeInt('deliveriesPerSecond', {
        description:
          'Messages that were written to viewers: one message to a thousand of them counts a thousand.',
      }),
      delayMs: t.expose('delayMs', {
        type: DeliveryDelay,
        nullable: true,
        description: 'From send to delivery; null in a second without messages.',
      }),
    }),
  });

  builder.subscriptionField('serverStats', (t) =>
    t.field({
      type: ServerStats,
      description: 'What the server that answers is doing, once a second.',
      subscribe: (_root, _args, { hub }) => hub.watch('server', () => ({ ...hub.stats, at: new Date() })),
      resolve: (stats) => stats,
    }),
  );
}
