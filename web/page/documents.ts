import { graphql } from './generated/index.js';

/** The rooms with somebody or something in them. */
export const Rooms = graphql(`
  query Rooms {
    activeRooms(limit: 50) {
      id
      connectionCount
      lastMessage {
        author {
          name
        }
        content
      }
    }
  }
`);

/** One room's line in the list, as it changes. */
export const RoomUpdated = graphql(`
  subscription RoomUpdated($roomId: ID!) {
    roomUpdated(roomId: $roomId) {
      id
      connectionCount
      slowModeSeconds
      lastMessage {
        author {
          name
        }
        content
      }
    }
  }
`);

/** A room's messages: the newest, then live; or, after an interruption, what was missed, then live. */
export const MessageAdded = graphql(`
  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {
    messageAdded(roomId: $roomId, after: $after, last: $last) {
      id
      author {
        id
        name
      }
      content
      createdAt
    }
  }
`);

/** A page of history, in either direction. */
export const History = graphql(`
  query History($roomId: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    messages(roomId: $roomId, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        id
        author {
          id
          name
        }
        content
        createdAt
      }
      pageInfo {
        hasPreviousPage
        hasNextPage
      }
    }
  }
`);

/** Sends a message. */
export const SendMessage = graphql(`
  mutation SendMessage($input: SendMessageInput!) {
    sendMessage(input: $input) {
      id
      author {
        id
        name
      }
      content
      createdAt
    }
  }
`);

/** What the server is doing, once a second. */
export const ServerStats = graphql(`
  subscription ServerStats {
    serverStats {
      at
      viewers
      rooms
      messagesPerSecond
      deliveriesPerSecond
      delayMs {
        median
        p99
      }
    }
  }
`);
