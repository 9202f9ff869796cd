import { AUTHOR } from './content.js';
import { type Protocol, readMessage, type WireMessage } from './protocol.js';

/** The selection of every client in the benchmark. */
const selection = 'id roomId author { name } content createdAt';

/** The plain subscription: live messages only. */
export const liveQuery = `subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { ${selection} } }`;

/** Alias of the content field in selection number `number`. All aliases have the same length. */
export const aliasOf = (number: number): string => `content${String(number).padStart(3, '0')}`;

/** The live subscription with another selection: only the alias of the content differs. */
export const aliasedQuery = (alias: string): string => liveQuery.replace('content', `${alias}: content`);

/** All messages after `$after`, then live. Only `ours` supports this. */
export const resumeQuery = `subscription ($roomId: ID!, $after: ID) { messageAdded(roomId: $roomId, after: $after) { ${selection} } }`;

/** The newest `$last` messages, then live. Only `ours` supports this. */
export const historyQuery = `subscription ($roomId: ID!, $last: Int) { messageAdded(roomId: $roomId, last: $last) { ${selection} } }`;

/** The newest `$last` messages as a query over HTTP. Only `ours` supports this. */
export const messagesQuery = `query ($roomId: ID!, $last: Int) { messages(roomId: $roomId, last: $last) { nodes { ${selection} } } }`;

const sendMutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${selection} } }`;

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly data?: { readonly messageAdded?: WireMessage }; readonly errors?: unknown };
}

/** Subscriptions with the `graphql-transport-ws` protocol; sends with GraphQL over HTTP. */
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
