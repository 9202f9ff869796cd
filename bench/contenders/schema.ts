import type { RedisPubSub } from 'graphql-redis-subscriptions';

/** The part of the chat's schema that the load generator uses. */
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

/** Creates a message without storing it: the peers pay only for their pub/sub. */
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

/** Resolvers for the three peers that use graphql-redis-subscriptions, following its README. */
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
