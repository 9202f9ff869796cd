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
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n": typeof types.SendMessageDocument,
    "\n  query Messages($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      edges {\n        cursor\n        node {\n          id\n          content\n        }\n      }\n      nodes {\n        id\n        roomId\n        content\n        createdAt\n        author {\n          id\n          name\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.MessagesDocument,
    "\n  query ActiveRooms($limit: Int) {\n    activeRooms(limit: $limit) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n": typeof types.ActiveRoomsDocument,
    "\n  query ConnectionCount($roomId: ID!) {\n    connectionCount(roomId: $roomId)\n  }\n": typeof types.ConnectionCountDocument,
    "\n  query RoomById($id: ID!) {\n    room(id: $id) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n": typeof types.RoomByIdDocument,
    "\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n": typeof types.MessageAddedDocument,
    "\n  mutation StartSession($name: String!, $roles: [Role!]) {\n    startSession(name: $name, roles: $roles) {\n      token\n      user {\n        id\n        name\n      }\n    }\n  }\n": typeof types.StartSessionDocument,
    "\n  mutation EndSession {\n    endSession\n  }\n": typeof types.EndSessionDocument,
    "\n  query Viewer {\n    viewer {\n      user {\n        id\n        name\n      }\n      roles\n    }\n  }\n": typeof types.ViewerDocument,
    "\n  mutation SetSlowMode($roomId: ID!, $seconds: Int!) {\n    setSlowMode(roomId: $roomId, seconds: $seconds) {\n      id\n      slowModeSeconds\n    }\n  }\n": typeof types.SetSlowModeDocument,
    "\n  subscription RoomEvents($roomId: ID!, $after: ID, $last: Int) {\n    roomEvents(roomId: $roomId, after: $after, last: $last) {\n      __typename\n      cursor\n      at\n      roomId\n      ... on MessageSent {\n        message {\n          id\n          content\n        }\n      }\n      ... on MessagesRetracted {\n        messageIds\n        author\n      }\n    }\n  }\n": typeof types.RoomEventsDocument,
    "\n  mutation RetractMessages($roomId: ID!, $ids: [ID!]!, $reason: String) {\n    retractMessages(roomId: $roomId, ids: $ids, reason: $reason) {\n      retracted\n      missing\n    }\n  }\n": typeof types.RetractMessagesDocument,
    "\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n": typeof types.RoomUpdatedDocument,
};
const documents: Documents = {
    "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n": types.SendMessageDocument,
    "\n  query Messages($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      edges {\n        cursor\n        node {\n          id\n          content\n        }\n      }\n      nodes {\n        id\n        roomId\n        content\n        createdAt\n        author {\n          id\n          name\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.MessagesDocument,
    "\n  query ActiveRooms($limit: Int) {\n    activeRooms(limit: $limit) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n": types.ActiveRoomsDocument,
    "\n  query ConnectionCount($roomId: ID!) {\n    connectionCount(roomId: $roomId)\n  }\n": types.ConnectionCountDocument,
    "\n  query RoomById($id: ID!) {\n    room(id: $id) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n": types.RoomByIdDocument,
    "\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n": types.MessageAddedDocument,
    "\n  mutation StartSession($name: String!, $roles: [Role!]) {\n    startSession(name: $name, roles: $roles) {\n      token\n      user {\n        id\n        name\n      }\n    }\n  }\n": types.StartSessionDocument,
    "\n  mutation EndSession {\n    endSession\n  }\n": types.EndSessionDocument,
    "\n  query Viewer {\n    viewer {\n      user {\n        id\n        name\n      }\n      roles\n    }\n  }\n": types.ViewerDocument,
    "\n  mutation SetSlowMode($roomId: ID!, $seconds: Int!) {\n    setSlowMode(roomId: $roomId, seconds: $seconds) {\n      id\n      slowModeSeconds\n    }\n  }\n": types.SetSlowModeDocument,
    "\n  subscription RoomEvents($roomId: ID!, $after: ID, $last: Int) {\n    roomEvents(roomId: $roomId, after: $after, last: $last) {\n      __typename\n      cursor\n      at\n      roomId\n      ... on MessageSent {\n        message {\n          id\n          content\n        }\n      }\n      ... on MessagesRetracted {\n        messageIds\n        author\n      }\n    }\n  }\n": types.RoomEventsDocument,
    "\n  mutation RetractMessages($roomId: ID!, $ids: [ID!]!, $reason: String) {\n    retractMessages(roomId: $roomId, ids: $ids, reason: $reason) {\n      retracted\n      missing\n    }\n  }\n": types.RetractMessagesDocument,
    "\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n": types.RoomUpdatedDocument,
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
export function graphql(source: "\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SendMessage($input: SendMessageInput!) {\n    sendMessage(input: $input) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Messages($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      edges {\n        cursor\n        node {\n          id\n          content\n        }\n      }\n      nodes {\n        id\n        roomId\n        content\n        createdAt\n        author {\n          id\n          name\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Messages($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {\n      edges {\n        cursor\n        node {\n          id\n          content\n        }\n      }\n      nodes {\n        id\n        roomId\n        content\n        createdAt\n        author {\n          id\n          name\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ActiveRooms($limit: Int) {\n    activeRooms(limit: $limit) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n"): (typeof documents)["\n  query ActiveRooms($limit: Int) {\n    activeRooms(limit: $limit) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConnectionCount($roomId: ID!) {\n    connectionCount(roomId: $roomId)\n  }\n"): (typeof documents)["\n  query ConnectionCount($roomId: ID!) {\n    connectionCount(roomId: $roomId)\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RoomById($id: ID!) {\n    room(id: $id) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n"): (typeof documents)["\n  query RoomById($id: ID!) {\n    room(id: $id) {\n      id\n      connectionCount\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {\n    messageAdded(roomId: $roomId, after: $after, last: $last) {\n      id\n      roomId\n      content\n      createdAt\n      author {\n        id\n        name\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartSession($name: String!, $roles: [Role!]) {\n    startSession(name: $name, roles: $roles) {\n      token\n      user {\n        id\n        name\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation StartSession($name: String!, $roles: [Role!]) {\n    startSession(name: $name, roles: $roles) {\n      token\n      user {\n        id\n        name\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EndSession {\n    endSession\n  }\n"): (typeof documents)["\n  mutation EndSession {\n    endSession\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Viewer {\n    viewer {\n      user {\n        id\n        name\n      }\n      roles\n    }\n  }\n"): (typeof documents)["\n  query Viewer {\n    viewer {\n      user {\n        id\n        name\n      }\n      roles\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SetSlowMode($roomId: ID!, $seconds: Int!) {\n    setSlowMode(roomId: $roomId, seconds: $seconds) {\n      id\n      slowModeSeconds\n    }\n  }\n"): (typeof documents)["\n  mutation SetSlowMode($roomId: ID!, $seconds: Int!) {\n    setSlowMode(roomId: $roomId, seconds: $seconds) {\n      id\n      slowModeSeconds\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription RoomEvents($roomId: ID!, $after: ID, $last: Int) {\n    roomEvents(roomId: $roomId, after: $after, last: $last) {\n      __typename\n      cursor\n      at\n      roomId\n      ... on MessageSent {\n        message {\n          id\n          content\n        }\n      }\n      ... on MessagesRetracted {\n        messageIds\n        author\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription RoomEvents($roomId: ID!, $after: ID, $last: Int) {\n    roomEvents(roomId: $roomId, after: $after, last: $last) {\n      __typename\n      cursor\n      at\n      roomId\n      ... on MessageSent {\n        message {\n          id\n          content\n        }\n      }\n      ... on MessagesRetracted {\n        messageIds\n        author\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RetractMessages($roomId: ID!, $ids: [ID!]!, $reason: String) {\n    retractMessages(roomId: $roomId, ids: $ids, reason: $reason) {\n      retracted\n      missing\n    }\n  }\n"): (typeof documents)["\n  mutation RetractMessages($roomId: ID!, $ids: [ID!]!, $reason: String) {\n    retractMessages(roomId: $roomId, ids: $ids, reason: $reason) {\n      retracted\n      missing\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription RoomUpdated($roomId: ID!) {\n    roomUpdated(roomId: $roomId) {\n      id\n      lastMessage {\n        id\n        content\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;