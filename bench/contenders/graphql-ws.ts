import { createServer } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createHandler } from 'graphql-http/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { readEnvironment, readyPath } from './environment.js';
import { connectPubSub } from './pubsub.js';
import { resolversOver, typeDefs } from './schema.js';

const { host, port, redisUrl } = readEnvironment(process.env);
const schema = makeExecutableSchema({ typeDefs, resolvers: resolversOver(await connectPubSub(redisUrl)) });

// graphql-ws handles only WebSocket, so mutations use graphql-http, by the same author.
const overHttp = createHandler({ schema });
const server = createServer((request, response) => {
  if (request.url === readyPath) response.end('ready');
  else overHttp(request, response).catch(() => response.writeHead(500).end());
});
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(port, host);
