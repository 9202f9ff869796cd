import { Client, type CombinedError, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core';
import type { ClientLibrary } from './chat-client.js';
import { webSocketClient } from './graphql-ws.js';

/** urql: queries and mutations over HTTP, subscriptions over WebSocket, with its cache. */
export const urql: ClientLibrary = {
  name: 'urql',
  connect(server) {
    const socket = webSocketClient(server);
    const client = new Client({
      url: server.url,
      preferGetMethod: false,
      exchanges: [
        cacheExchange,
        fetchExchange,
        subscriptionExchange({
          forwardSubscription: ({ query, variables }) => ({
            subscribe: (sink) => ({
              unsubscribe: socket.subscribe({ query: query ?? '', variables }, sink as never),
            }),
          }),
        }),
      ],
    });
    return {
      query: async (document, variables) => dataOf(await client.query(document, variables).toPromise()),
      mutate: async (document, variables) => dataOf(await client.mutation(document, variables).toPromise()),
      subscribe(document, variables, observer) {
        const { unsubscribe } = client.subscription(document, variables).subscribe(({ data, error }) => {
          if (error) observer.error(error);
          else if (data) observer.next(data);
        });
        return { stop: unsubscribe };
      },
      close: async () => void (await socket.dispose()),
    };
  },
};

function dataOf<Data>({ data, error }: { data?: Data; error?: CombinedError }): Data {
  if (error) throw error;
  return data as Data;
}
