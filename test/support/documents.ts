import { graphql } from '#test/support/generated/index.js';

/** Sends one message. */
export const SendMessage = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      id
      roomId
      content
      createdAt
      author {
        id
        name
      }
    }
  }
`);

/** A page of a room's history. */
export const Messages = graphql(`
  query Messages($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {
      edges {
        cursor
        node {
          id
          content
        }
      }
      nodes {
        id
        roomId
        content
        createdAt
        author {
          id
          name
        }
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

/** The active rooms with their counts and newest messages. */
export const ActiveRooms = graphql(`
  query ActiveRooms($limit: Int) {
    activeRooms(limit: $limit) {
      id
      connectionCount
      lastMessage {
        id
        content
      }
    }
  }
`);

/** The number of connections to a room. */
export const ConnectionCount = graphql(`
  query ConnectionCount($roomId: ID!) {
    connectionCount(roomId: $roomId)
  }
`);

/** One room. */
export const RoomById = graphql(`
  query RoomById($id: ID!) {
    room(id: $id) {
      id
      connectionCount
      lastMessage {
        id
        content
      }
    }
  }
`);

/** Subscribes to a room's messages. */
export const MessageAdded = graphql(`
  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {
    messageAdded(roomId: $roomId, after: $after, last: $last) {
      id
      roomId
      content
      createdAt
      author {
        id
        name
      }
    }
  }
`);

/** Starts a session. */
export const StartSession = graphql(`
  mutation StartSession($name: String!, $roles: [Role!]) {
    startSession(name: $name, roles: $roles) {
      token
      user {
        id
        name
      }
    }
  }
`);

/** Ends the session that authorizes the request. */
export const EndSession = graphql(`
  mutation EndSession {
    endSession
  }
`);

/** The user of the request. */
export const Viewer = graphql(`
  query Viewer {
    viewer {
      user {
        id
        name
      }
      roles
    }
  }
`);

/** Turns on slow mode in a room. */
export const SetSlowMode = graphql(`
  mutation SetSlowMode($roomId: ID!, $seconds: Int!) {
    setSlowMode(roomId: $roomId, seconds: $seconds) {
      id
      slowModeSeconds
    }
  }
`);

/** Subscribes to a room's events. */
export const RoomEvents = graphql(`
  subscription RoomEvents($roomId: ID!, $after: ID, $last: Int) {
    roomEvents(roomId: $roomId, after: $after, last: $last) {
      __typename
      cursor
      at
      roomId
      ... on MessageSent {
        message {
          id
          content
        }
      }
      ... on MessagesRetracted {
        messageIds
        author
      }
    }
  }
`);

/** Retracts messages. */
export const RetractMessages = graphql(`
  mutation RetractMessages($roomId: ID!, $ids: [ID!]!, $reason: String) {
    retractMessages(roomId: $roomId, ids: $ids, reason: $reason) {
      retracted
      missing
    }
  }
`);

/** Subscribes to a room's latest state. */
export const RoomUpdated = graphql(`
  subscription RoomUpdated($roomId: ID!) {
    roomUpdated(roomId: $roomId) {
      id
      lastMessage {
        id
        content
      }
    }
  }
`);
