import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { readEnvironment } from './environment.js';
import { newMessage, typeDefs } from './schema.js';

const { host, port } = readEnvironment(process.env);
const constant = newMessage({ roomId: 'bench', content: 'x'.repeat(100), author: 'bench' });

// The same mutation without any work behind it, which measures the cost of HTTP and GraphQL alone.
const yoga = createYoga({
  schema: createSchema({
    typeDefs,
    resolvers: { Query: { ready: () => true }, Mutation: { sendMessage: () => constant } },
  }),
  healthCheckEndpoint: '/health/ready',
});
createServer(yoga).listen(port, host);
