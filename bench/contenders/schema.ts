import type { RedisPubSub } from 'graphql-redis-subscriptions';

/** The shape of the chat's own schema, as far as the load uses it. */
export const typeDefs = /* GraphQL */ `
  scalar DateTime

  type Query {
    ready: Boolean!
  }
  type Mutation {
    sendMessage(input: SendMessageInput!): Message!
  }
  type Subscription {
    messageAdded(roomId: ID!): Message!
  }
  type Message {
    id: ID!
    roomId: ID!
    author: User!
    content: String!
    createdAt: DateTime!
  }
  type User {
    id: ID!
    name: String!
  }
  input SendMessageInput {
    roomId: ID!
    content: String!
    author: String
    nonce: String
  }
`;

export interface SendMessageInput {
  readonly roomId: string;
  readonly content: string;
  readonly author?: string;
}

export interface Message {
  readonly id: string;
  readonly roomId: string;
  readonly author: { readonly id: string; readonly name: string };
  readonly content: string;
  readonly createdAt: string;
}

/** A new message, stored nowhere: the peers have only their pub/sub to pay for. */
export function newMessage({ roomId, content, author = 'guest' }: SendMessageInput): Message {
  const now = Date.now();
  return {
    id: `${now}-${process.hrtime.bigint() % 1000n}`,
    roomId,
    author: { id: `guest:${author}`, name: author },
    content,
    createdAt: new Date(now).toISOString(),
  };
}

export const channelOf = (roomId: string): string => `messages:${roomId}`;

/** The resolvers of the three peers that share graphql-redis-subscriptions, as its README shows them. */
export function resolversOver(pubsub: RedisPubSub) {
  return {
    Query: { ready: () => true },
    Mutation: {
      sendMessage: async (_: unknown, { input }: { input: SendMessageInput }): Promise<Message> => {
        const message = newMessage(input);
        await pubsub.publish(channelOf(input.roomId), { messageAdded: message });
        return message;
      },
    },
    Subscription: {
      messageAdded: {
        subscribe: (_: unknown, { roomId }: { roomId: string }) => pubsub.asyncIterator(channelOf(roomId)),
      },
    },
  };
}
