import { createServer } from 'node:http';
import type { ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { readEnvironment } from './environment.js';
import { connectPubSub } from './pubsub.js';
import { resolversOver, typeDefs } from './schema.js';

/** The root value that Yoga's documented setup passes through graphql-ws. */
interface Enveloped {
  execute(args: ExecutionArgs): unknown;
  subscribe(args: ExecutionArgs): unknown;
}

const { host, port, redisUrl } = readEnvironment(process.env);
const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers: resolversOver(await connectPubSub(redisUrl)) }),
  graphiql: { subscriptionsProtocol: 'WS' },
  healthCheckEndpoint: '/health/ready',
});
const server = createServer(yoga);

// Copied from Yoga's documentation.
useServer(
  {
    execute: (args) => (args.rootValue as Enveloped).execute(args) as never,
    subscribe: (args) => (args.rootValue as Enveloped).subscribe(args) as never,
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length ? errors : (args as ExecutionArgs);
    },
  },
  new WebSocketServer({ server, path: yoga.graphqlEndpoint }),
);
server.listen(port, host);
