/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query Rooms {\n    activeRooms(limit: 50) {\n      id\n      connectionCount\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n": typeof types.RoomsDocument,
    "\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      connectionCount\n      slowModeSeconds\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n": typeof types.RoomUpdatedDocument,
    "\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n": typeof types.MessageAddedDocument,
    "\n  query History($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        id\n        author {\n          id\n          name\n        }\n        content\n        nonce\n        createdAt\n      }\n      pageInfo {\n        hasPreviousPage\n        hasNextPage\n      }\n    }\n  }\n": typeof types.HistoryDocument,
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n": typeof types.SendMessageDocument,
    "\n  subscription ServerStats {\n    serverStats {\n      at\n      viewers\n      rooms\n      messagesPerSecond\n      deliveriesPerSecond\n      delayMs {\n        median\n        p99\n      }\n    }\n  }\n": typeof types.ServerStatsDocument,
};
const documents: Documents = {
    "\n  query Rooms {\n    activeRooms(limit: 50) {\n      id\n      connectionCount\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n": types.RoomsDocument,
    "\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      connectionCount\n      slowModeSeconds\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n": types.RoomUpdatedDocument,
    "\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n": types.MessageAddedDocument,
    "\n  query History($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        id\n        author {\n          id\n          name\n        }\n        content\n        nonce\n        createdAt\n      }\n      pageInfo {\n        hasPreviousPage\n        hasNextPage\n      }\n    }\n  }\n": types.HistoryDocument,
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n": types.SendMessageDocument,
    "\n  subscription ServerStats {\n    serverStats {\n      at\n      viewers\n      rooms\n      messagesPerSecond\n      deliveriesPerSecond\n      delayMs {\n        median\n        p99\n      }\n    }\n  }\n": types.ServerStatsDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Rooms {\n    activeRooms(limit: 50) {\n      id\n      connectionCount\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n"): (typeof documents)["\n  query Rooms {\n    activeRooms(limit: 50) {\n      id\n      connectionCount\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      connectionCount\n      slowModeSeconds\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      connectionCount\n      slowModeSeconds\n      lastMessage {\n        author {\n          name\n        }\n        content\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n"): (typeof documents)["\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query History($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        id\n        author {\n          id\n          name\n        }\n        content\n        nonce\n        createdAt\n      }\n      pageInfo {\n        hasPreviousPage\n        hasNextPage\n      }\n    }\n  }\n"): (typeof documents)["\n  query History($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        id\n        author {\n          id\n          name\n        }\n        content\n        nonce\n        createdAt\n      }\n      pageInfo {\n        hasPreviousPage\n        hasNextPage\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n"): (typeof documents)["\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      author {\n        id\n        name\n      }\n      content\n      nonce\n      createdAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ServerStats {\n    serverStats {\n      at\n      viewers\n      rooms\n      messagesPerSecond\n      deliveriesPerSecond\n      delayMs {\n        median\n        p99\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription ServerStats {\n    serverStats {\n      at\n      viewers\n      rooms\n      messagesPerSecond\n      deliveriesPerSecond\n      delayMs {\n        median\n        p99\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;