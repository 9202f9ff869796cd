import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { subscriptionExchange, Client as UrqlClient } from '@urql/core';
import {
  Environment,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import { type ResumingClient, sendOnce } from 'streamly-chat-client';
import { describe, expect, test } from 'vitest';
import { relayRequest } from '#test/support/clients/relay-request.js';
import { MessageAdded, SendMessage } from '#test/support/documents.js';
import type { MessageAddedSubscription } from '#test/support/generated/graphql.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';
import {
  newRoom,
  numbered,
  onTestEnd,
  plainClient,
  QUICK,
  resumingOver,
  sendAll,
  startProxy,
  stored,
  waitForEvent,
} from './fixture.js';

const used = useServer();

interface Variables extends Record<string, unknown> {
  roomId: string;
  last: number;
}
type OnMessage = (message: MessageAddedSubscription['messageAdded']) => void;
/** Subscribes with a library. Returns a function that unsubscribes. */
type Subscribe = (
  client: ResumingClient,
  variables: Variables,
  onMessage: OnMessage,
  onError: (error: unknown) => void,
) => () => void;

const apollo: Subscribe = (client, variables, onMessage, onError) => {
  const application = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(client) });
  onTestEnd(() => application.stop());
  const subscription = application.subscribe({ query: MessageAdded, variables }).subscribe({
    next: ({ data, error }) => (error ? onError(error) : onMessage(data!.messageAdded)),
    error: onError,
  });
  return () => subscription.unsubscribe();
};

const urql: Subscribe = (client, variables, onMessage, onError) => {
  const application = new UrqlClient({
    url: 'http://unused',
    preferGetMethod: false,
    exchanges: [
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({ unsubscribe: client.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  });
  return application
    .subscription(MessageAdded, variables)
    .subscribe(({ data, error }) => (error ? onError(error) : onMessage(data!.messageAdded))).unsubscribe;
};

const relay: Subscribe = (client, variables, onMessage, onError) => {
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(
      () => {
        throw new Error('This network layer only supports subscriptions.');
      },
      ({ text }, variables) =>
        Observable.create<GraphQLResponse>((sink) =>
          client.subscribe({ query: text!, variables }, sink as never),
        ),
    ),
  });
  return requestSubscription<{ variables: Variables; response: MessageAddedSubscription }>(environment, {
    subscription: relayRequest(MessageAdded),
    variables,
    onNext: (response) => onMessage(response!.messageAdded),
    onError,
  }).dispose;
};

describe.each([
  ['Apollo Client', apollo],
  ['urql', urql],
  ['Relay', relay],
])('%s over the resuming client', (_library, subscribe) => {
  test('receives exactly what was sent across lost connections, and disconnects when it unsubscribes', async () => {
    const proxy = await startProxy(used.server);
    const { client, events } = resumingOver(plainClient(proxy));
    const room = newRoom();
    await sendAll(used.server, room, numbered('before', 2));
    const received: string[] = [];
    const errors: unknown[] = [];
    const unsubscribe = subscribe(
      client,
      { roomId: room, last: 1 },
      ({ content }) => received.push(content),
      (error) => errors.push(error),
    );
    await waitForEvent(events, 'live');
    for (const round of [1, 2, 3]) {
      proxy.refuse();
      await waitForEvent(
        events,
        'reconnecting',
        events.filter(({ type }) => type === 'reconnecting').length + 1,
      );
      await sendAll(used.server, room, numbered(`round ${round}`, 3));
      proxy.restore();
      await waitForEvent(events, 'live', round + 1);
    }
    const sent = [1, 2, 3].flatMap((round) => numbered(`round ${round}`, 3));
    await until(() => received.length >= 10, { what: 'all messages' });
    expect(received).toEqual(['before 2', ...sent]);
    expect(errors).toEqual([]);

    unsubscribe();
    await until(() => proxy.open === 0, { what: 'the connection to close' });
  });

  test('receives the error if the server refuses the subscription for good', async () => {
    const proxy = await startProxy(used.server);
    const { client } = resumingOver(plainClient(proxy));
    const errors: unknown[] = [];
    subscribe(
      client,
      { roomId: 'no room!', last: 1 },
      () => undefined,
      (error) => errors.push(error),
    );
    await until(() => errors.length > 0, { what: 'the refusal' });
    expect(JSON.stringify(errors[0], ['message', 'errors', 'graphQLErrors', 'source'])).toContain('roomId');
    expect(proxy.accepted).toBe(1);
  });
});

describe('sendOnce', () => {
  test("stores a message once when Apollo Client's mutate loses the answers over HTTP", async () => {
    const proxy = await startProxy(used.server);
    const uri = `http://127.0.0.1:${proxy.port}/graphql`;
    let losses = 0;
    const application = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({
        uri,
        fetch: async (...request) => {
          const response = await fetch(...request);
          losses += 1;
          if (losses > 2) return response;
          await response.text();
          throw new TypeError('fetch failed');
        },
      }),
    });
    onTestEnd(() => application.stop());
    const input = { roomId: newRoom(), content: 'hello' };
    const { data } = await sendOnce(
      (nonce) => application.mutate({ mutation: SendMessage, variables: { input: { ...input, nonce } } }),
      QUICK,
    );
    expect(losses).toBe(3);
    expect(await stored(used.redis, input.roomId)).toMatchObject([{ id: data!.sendMessage.id }]);
  });
});
