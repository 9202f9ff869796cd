import { readFile } from 'node:fs/promises';
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import { createSchema } from '#graphql/schema.js';
import { schema } from './recording.js';

const own = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

describe('the schema', () => {
  test('is valid', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  test('matches schema.graphql', async () => {
    const committed = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toBe(committed);
  });

  test('has exactly the names and types of the public interface', () => {
    const expected = buildSchema(`
      scalar DateTime
      type Query {
        messages(roomId: ID!, first: Int, after: String, last: Int, before: String): MessageConnection!
        activeRooms(limit: Int = 100): [Room!]!
        connectionCount(roomId: ID!): Int!
        room(id: ID!): Room!
        viewer: Viewer
      }
      type Mutation {
        sendMessage(input: SendMessageInput!): Message!
        startSession(name: String!, roles: [Role!]): Session!
        endSession: Boolean!
        setSlowMode(roomId: ID!, seconds: Int!): Room!
        retractMessages(roomId: ID!, ids: [ID!]!, reason: String): RetractMessagesPayload!
      }
      type RetractMessagesPayload { retracted: [ID!]! missing: [ID!]! }
      enum Role { VIEWER MODERATOR SERVICE }
      type Viewer { user: User! roles: [Role!]! }
      type Session { token: String! user: User! }
      type Subscription {
        messageAdded(roomId: ID!, after: ID, last: Int): Message!
        roomEvents(roomId: ID!, after: ID, last: Int): RoomEvent!
        roomUpdated(roomId: ID!): Room!
        serverStats: ServerStats!
      }
      interface RoomEvent { cursor: ID! at: DateTime! roomId: ID! }
      type MessageSent implements RoomEvent { cursor: ID! at: DateTime! roomId: ID! message: Message! }
      type MessagesRetracted implements RoomEvent {
        cursor: ID!
        at: DateTime!
        roomId: ID!
        messageIds: [ID!]!
        author: ID
      }
      type ServerStats {
        at: DateTime!
        viewers: Int!
        rooms: Int!
        messagesPerSecond: Int!
        deliveriesPerSecond: Int!
        delayMs: DeliveryDelay
      }
      type DeliveryDelay { median: Float! p99: Float! }
      type Message {
        id: ID!
        roomId: ID!
        room: Room!
        author: User!
        content: String!
        nonce: String
        createdAt: DateTime!
      }
      type User { id: ID! name: String! }
      type Room { id: ID! connectionCount: Int! lastMessage: Message slowModeSeconds: Int! }
      input SendMessageInput { roomId: ID! content: String! author: String nonce: String }
      type MessageConnection { edges: [MessageEdge!]! nodes: [Message!]! pageInfo: PageInfo! }
      type MessageEdge { cursor: String! node: Message! }
      type PageInfo {
        hasNextPage: Boolean!
        hasPreviousPage: Boolean!
        startCursor: String
        endCursor: String
      }
    `);
    expect(outline(schema)).toBe(outline(expected));
  });

  test('describes every type, field, argument, input field and enum value', () => {
    expect(own.flatMap(undescribed)).toEqual([]);
  });

  test('mentions the configured limits, and has no default above them', () => {
    const tight = printSchema(
      createSchema({ ...DEFAULT_LIMITS, contentLength: 77, pageSize: 33, defaultPageSize: 11, roomCount: 9 }),
    );
    expect(tight).toContain('1 to 77 characters');
    expect(tight).toContain('0 to 33;');
    expect(tight).toContain('the newest 11');
    expect(tight).toContain('limit: Int = 9');
  });
});

/** The schema in sorted order, without descriptions and their layout. */
function outline(of: ReturnType<typeof buildSchema>): string {
  return printSchema(lexicographicSortSchema(of))
    .replace(/"""[\s\S]*?"""/g, '')
    .replace(/[\s,]+/g, ' ')
    .replace(/ ?([()]) ?/g, '$1')
    .trim();
}

/** The paths of all elements of a type without a description. */
function undescribed(type: GraphQLNamedType): string[] {
  const elements: [string, string | null | undefined][] = [[type.name, type.description]];
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      elements.push([`${type.name}.${field.name}`, field.description]);
      for (const arg of field.args) {
        elements.push([`${type.name}.${field.name}(${arg.name})`, arg.description]);
      }
    }
  } else if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) {
      elements.push([`${type.name}.${field.name}`, field.description]);
    }
  } else if (isEnumType(type)) {
    for (const value of type.getValues()) elements.push([`${type.name}.${value.name}`, value.description]);
  }
  return elements.filter(([, description]) => !description?.trim()).map(([path]) => path);
}
