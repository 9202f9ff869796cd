import { graphql } from './generated/index.js';

/** The newest messages of a room, or with `before`, the page before that cursor. */
export const History = graphql(`
  query History($roomId: ID!, $last: Int, $before: String) {
    messages(roomId: $roomId, last: $last, before: $before) {
      edges { cursor node { id roomId author { id name } content } }
      pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
    }
  }
`);

/** Everything that happens after the cursor, then live. */
export const Live = graphql(`
  subscription Live($roomId: ID!, $after: ID) {
    roomEvents(roomId: $roomId, after: $after) {
      __typename cursor
      ... on MessageSent { message { id roomId author { id name } content } }
      ... on MessagesRetracted { messageIds author }
    }
  }
`);

/** Sends a message. */
export const Send = graphql(`
  mutation Send($input: SendMessageInput!) {
    sendMessage(input: $input) { id roomId }
  }
`);
