import fastify from 'fastify';
import mercurius from 'mercurius';
import redis from 'mqemitter-redis';
import { readEnvironment, readyPath } from './environment.js';
import { channelOf, newMessage, type SendMessageInput, typeDefs } from './schema.js';

const { host, port, redisUrl } = readEnvironment(process.env);
const app = fastify();

app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    Query: { ready: () => true },
    Mutation: {
      sendMessage: async (_, { input }: { input: SendMessageInput }, { pubsub }) => {
        const message = newMessage(input);
        await pubsub.publish({ topic: channelOf(input.roomId), payload: { messageAdded: message } });
        return message;
      },
    },
    Subscription: {
      messageAdded: {
        subscribe: async (_, { roomId }, { pubsub }) => pubsub.subscribe(channelOf(roomId)),
      },
    },
  },
  subscription: { emitter: redis({ connectionString: redisUrl }) },
});
app.get(readyPath, () => 'ready');
await app.listen({ port, host });
