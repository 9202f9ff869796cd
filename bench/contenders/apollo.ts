import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { readEnvironment, readyPath } from './environment.js';
import { connectPubSub } from './pubsub.js';
import { resolversOver, typeDefs } from './schema.js';

const { host, port, redisUrl } = readEnvironment(process.env);
const schema = makeExecutableSchema({ typeDefs, resolvers: resolversOver(await connectPubSub(redisUrl)) });
const app = express();
const httpServer = createServer(app);
const serverCleanup = useServer({ schema }, new WebSocketServer({ server: httpServer, path: '/graphql' }));

const server = new ApolloServer({
  schema,
  plugins: [
    ApolloServerPluginDrainHttpServer({ httpServer }),
    {
      async serverWillStart() {
        return { drainServer: async () => serverCleanup.dispose() };
      },
    },
  ],
});
await server.start();
app.get(readyPath, (_request, response) => {
  response.end('ready');
});
app.use('/graphql', express.json(), expressMiddleware(server));
httpServer.listen(port, host);
