import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { graphqlTransportWs } from '../load/graphql.js';
import { rawWebSocket } from '../load/raw.js';
import { socketIo } from '../load/socket-io.js';
import type { Contender, ContenderName } from './contender.js';

/** The folder of this package. The compiled file is in `dist/contenders/`. */
export const benchFolder = join(import.meta.dirname, '..', '..');
/** The repository root. */
export const rootFolder = join(benchFolder, '..');

const peer = (name: ContenderName) => ({
  name,
  program: join(import.meta.dirname, `${name}.js`),
  folder: benchFolder,
  env: {},
});

/** All contenders, in the order of measurement and of the report. */
export const contenders: readonly Contender[] = [
  {
    name: 'ours',
    title: 'Streamly Chat',
    kind: 'ours',
    docs: '../README.md',
    packages: ['graphql', 'graphql-yoga', 'graphql-ws', 'graphql-redis-subscriptions', 'ws', 'ioredis'],
    program: join(rootFolder, 'dist', 'main.js'),
    folder: rootFolder,
    env: {
      LOG_LEVEL: 'warn',
      ALLOW_GUESTS: 'true',
      // All load comes from one address, and a few clients send all messages over pipelined requests.
      RATE_SENDS_PER_USER: '0',
      RATE_SENDS_PER_ADDRESS: '0',
      RATE_CONNECTIONS_PER_ADDRESS: '0',
      RATE_OPERATIONS_PER_CONNECTION: '0',
      RATE_COST_PER_ADDRESS: '0',
      SELECTIONS_PER_CONNECTION: '0',
      SELECTIONS_PER_ADDRESS: '0',
      SELECTIONS_PER_ROOM: '0',
      ANSWERS_PER_ADDRESS: '0',
      ANSWERS_PER_CONNECTION: '0',
      UNREAD_BYTES_PER_ADDRESS: '0',
    },
    protocol: graphqlTransportWs,
  },
  {
    ...peer('graphql-ws'),
    title: 'graphql-ws + graphql-redis-subscriptions',
    kind: 'graphql',
    docs: 'https://the-guild.dev/graphql/ws/get-started',
    packages: ['graphql', 'graphql-ws', 'graphql-redis-subscriptions', 'graphql-http', 'ws', 'ioredis'],
    protocol: graphqlTransportWs,
  },
  {
    ...peer('yoga'),
    title: 'Yoga + graphql-ws + graphql-redis-subscriptions',
    kind: 'graphql',
    docs: 'https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions#graphql-over-websocket-protocol-via-graphql-ws',
    packages: ['graphql', 'graphql-yoga', 'graphql-ws', 'graphql-redis-subscriptions', 'ws', 'ioredis'],
    protocol: graphqlTransportWs,
  },
  {
    ...peer('mercurius'),
    title: 'Mercurius + mqemitter-redis',
    kind: 'graphql',
    docs: 'https://mercurius.dev/#/docs/subscriptions',
    packages: ['graphql', 'fastify', 'mercurius', 'mqemitter-redis', 'ws', 'ioredis'],
    protocol: graphqlTransportWs,
  },
  {
    ...peer('apollo'),
    title: 'Apollo Server + graphql-ws + graphql-redis-subscriptions',
    kind: 'graphql',
    docs: 'https://www.apollographql.com/docs/apollo-server/data/subscriptions',
    packages: [
      'graphql',
      '@apollo/server',
      '@as-integrations/express5',
      'express',
      'graphql-ws',
      'graphql-redis-subscriptions',
      'ws',
      'ioredis',
    ],
    protocol: graphqlTransportWs,
  },
  {
    ...peer('socket-io'),
    title: 'Socket.IO + @socket.io/redis-adapter',
    kind: 'other',
    docs: 'https://socket.io/docs/v4/redis-adapter/',
    packages: ['socket.io', '@socket.io/redis-adapter', 'ioredis'],
    protocol: socketIo,
  },
  {
    ...peer('raw-ws'),
    title: 'ws + ioredis, by hand',
    kind: 'other',
    docs: 'https://github.com/websockets/ws#server-broadcast',
    packages: ['ws', 'ioredis'],
    protocol: rawWebSocket,
  },
  {
    ...peer('yoga-constant'),
    title: 'Yoga, a mutation that returns a constant',
    kind: 'yardstick',
    docs: 'https://the-guild.dev/graphql/yoga-server/docs',
    packages: ['graphql', 'graphql-yoga'],
    protocol: graphqlTransportWs,
  },
];

/** Returns the contender with this name. Throws an error that lists the valid names. */
export function contenderNamed(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found) return found;
  throw new Error(
    `Unknown contender "${name}". Choose from ${contenders.map((one) => one.name).join(', ')}.`,
  );
}

/** Whether the contender's program has been built. */
export const isBuilt = (contender: Contender): boolean => existsSync(contender.program);
