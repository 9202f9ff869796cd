import { graphql } from './generated/index.js';

/** The newest of a room, or, with `before`, the page before that. */
export const History = graphql(`
  query History($roomId: ID!, $last: Int, $before: String) {
    messages(roomId: $roomId, last: $last, before: $before) {
      edges { cursor node { id roomId author { name } content } }
      pageInfo { startCursor endCursor hasPreviousPage hasNextPage }
    }
  }
`);

/** What came after the page, then live. */
export const Live = graphql(`
  subscription Live($roomId: ID!, $after: ID) {
    messageAdded(roomId: $roomId, after: $after) { id roomId author { name } content }
  }
`);

/** Says something. */
export const Say = graphql(`
  mutation Say($input: SendMessageInput!) {
    sendMessage(input: $input) { id roomId }
  }
`);
