import { AUTHOR } from './content.js';
import { type Protocol, readMessage, type WireMessage } from './protocol.js';

/** The selection that every client of the benchmark asks for. */
const selection = 'id roomId author { name } content createdAt';

/** The plain subscription: live messages only. */
export const liveQuery = `subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { ${selection} } }`;

/** What the content is called in one of many selections; all names have the same length. */
export const aliasOf = (number: number): string => `content${String(number).padStart(3, '0')}`;

/** The same subscription by another selection: only the alias of its content differs. */
export const aliasedQuery = (alias: string): string => liveQuery.replace('content', `${alias}: content`);

/** All that came after `$after`, then live. Ours only. */
export const resumeQuery = `subscription ($roomId: ID!, $after: ID) { messageAdded(roomId: $roomId, after: $after) { ${selection} } }`;

/** The newest `$last`, then live. Ours only. */
export const historyQuery = `subscription ($roomId: ID!, $last: Int) { messageAdded(roomId: $roomId, last: $last) { ${selection} } }`;

/** The newest `$last` as a query over HTTP. Ours only. */
export const messagesQuery = `query ($roomId: ID!, $last: Int) { messages(roomId: $roomId, last: $last) { nodes { ${selection} } } }`;

const sendMutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${selection} } }`;

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly data?: { readonly messageAdded?: WireMessage }; readonly errors?: unknown };
}

/** GraphQL over WebSocket by the protocol `graphql-transport-ws`, and over HTTP. */
export const graphqlTransportWs: Protocol = {
  subprotocol: 'graphql-transport-ws',
  upgradePath: () => '/graphql',
  opening: () => '{"type":"connection_init"}',
  isReady: (text) => (JSON.parse(text) as Frame).type === 'connection_ack',
  subscribe: ({ operationId, query, variables }) =>
    JSON.stringify({ id: operationId, type: 'subscribe', payload: { query, variables } }),
  answer: (text) => ((JSON.parse(text) as Frame).type === 'ping' ? '{"type":"pong"}' : undefined),
  delivery(text) {
    const { type, id, payload } = JSON.parse(text) as Frame;
    const message = payload?.data?.messageAdded;
    if (type !== 'next' || !message || payload.errors) return undefined;
    return readMessage(message, id);
  },
  send: (roomId, content) => ({
    path: '/graphql',
    body: JSON.stringify({
      query: sendMutation,
      variables: { input: { roomId, content, author: AUTHOR } },
    }),
  }),
  sentId(body) {
    const { data } = JSON.parse(body) as { data?: { sendMessage?: { id: string } } };
    if (!data?.sendMessage) throw new Error(`A send was refused: ${body.slice(0, 300)}`);
    return data.sendMessage.id;
  },
};
