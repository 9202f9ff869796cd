import { graphql } from './generated/index.js';

/** The active rooms: those with subscriptions or messages. */
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

/** What the list shows of one room, live. */
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

/** A room's messages, live. Starts with the newest ones or, after an interruption, with the missed ones. */
export const MessageAdded = graphql(`
  subscription MessageAdded($roomId: ID!, $after: ID, $last: Int) {
    messageAdded(roomId: $roomId, after: $after, last: $last) {
      id
      author {
        id
        name
      }
      content
      nonce
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
        nonce
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
      nonce
      createdAt
    }
  }
`);

/** The load of the server, once a second. */
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
