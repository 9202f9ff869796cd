import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TestServer } from '#test/support/server.js';
import type { ClientLibrary } from './chat-client.js';
import { protocolClient } from './protocol-client.js';

/** graphql-ws itself: all operations over one WebSocket. */
export const graphqlWs: ClientLibrary = {
  name: 'graphql-ws',
  connect: (server) => protocolClient(webSocketClient(server)),
};

/** The WebSocket client that other libraries use too. */
export function webSocketClient(server: TestServer): Client {
  return createClient({ url: server.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
}
