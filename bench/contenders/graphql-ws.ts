import { createServer } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createHandler } from 'graphql-http/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { placeFromEnv, readyPath } from './place.js';
import { connectPubSub } from './pubsub.js';
import { resolversOver, typeDefs } from './schema.js';

const { host, port, redisUrl } = placeFromEnv(process.env);
const schema = makeExecutableSchema({ typeDefs, resolvers: resolversOver(await connectPubSub(redisUrl)) });

// graphql-ws speaks WebSocket alone: mutations come in through graphql-http, by the same author.
const overHttp = createHandler({ schema });
const server = createServer((request, response) => {
  if (request.url === readyPath) response.end('ready');
  else overHttp(request, response).catch(() => response.writeHead(500).end());
});
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(port, host);
