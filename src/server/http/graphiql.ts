/** The document that GraphiQL shows at first: the main operations, ready to run. */
export const EXAMPLE_QUERY = `# Streamly Chat. Open this page in two windows: run "Follow" in one, "Say" in the other.

subscription Follow {
  messageAdded(roomId: "room1", last: 10) {
    id
    author {
      name
    }
    content
    createdAt
  }
}

mutation Say {
  sendMessage(input: { roomId: "room1", author: "Ann", content: "Hello" }) {
    id
    createdAt
  }
}

query Read {
  messages(roomId: "room1", last: 20) {
    nodes {
      id
      author {
        name
      }
      content
    }
    pageInfo {
      hasPreviousPage
      startCursor
    }
  }
  activeRooms {
    id
    connectionCount
    lastMessage {
      content
    }
  }
}
`;
