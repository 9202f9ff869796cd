import { graphql } from './generated/index.js';

/** The newest messages of a room, or with `before`, the page before that cursor. */
export const History = graphql(`
  query History($roomId: ID!, $last: Int, $before: String) {
    messages(roomId: $roomId, last: $last, before: $before) {
      edges { cursor node { id roomId author { name } content } }
      pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
    }
  }
`);

/** Everything sent after the cursor, then live messages. */
export const Live = graphql(`
  subscription Live($roomId: ID!, $after: ID) {
    messageAdded(roomId: $roomId, after: $after) { id roomId author { name } content }
  }
`);

/** Sends a message. */
export const Send = graphql(`
  mutation Send($input: SendMessageInput!) {
    sendMessage(input: $input) { id roomId }
  }
`);
