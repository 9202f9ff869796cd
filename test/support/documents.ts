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

/** How many connections follow a room. */
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

/** Follows a room. */
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

/** Begins a session. */
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

/** Ends the session that it is called in. */
export const EndSession = graphql(`
  mutation EndSession {
    endSession
  }
`);

/** Who is calling. */
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

/** Slows a room down. */
export const SetSlowMode = graphql(`
  mutation SetSlowMode($roomId: ID!, $seconds: Int!) {
    setSlowMode(roomId: $roomId, seconds: $seconds) {
      id
      slowModeSeconds
    }
  }
`);
