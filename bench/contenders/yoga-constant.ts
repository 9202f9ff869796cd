import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { placeFromEnv } from './place.js';
import { newMessage, typeDefs } from './schema.js';

const { host, port } = placeFromEnv(process.env);
const constant = newMessage({ roomId: 'bench', content: 'x'.repeat(100), author: 'bench' });

// What HTTP and GraphQL cost by themselves: the same mutation, with nothing behind it.
const yoga = createYoga({
  schema: createSchema({
    typeDefs,
    resolvers: { Query: { ready: () => true }, Mutation: { sendMessage: () => constant } },
  }),
  healthCheckEndpoint: '/health/ready',
});
createServer(yoga).listen(port, host);
