import { createClient } from 'graphql-sse';
import type { ClientLibrary } from './chat-client.js';
import { protocolClient } from './protocol-client.js';

/** graphql-sse in distinct connections mode: one request per operation. */
export const graphqlSse: ClientLibrary = {
  name: 'graphql-sse',
  connect: (server) =>
    protocolClient(createClient({ url: server.url, singleConnection: false, retryAttempts: 0 })),
};
