/** Apollo Client's automatic persisted queries. The server stores none, so the client falls back to texts. */
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { expect, onTestFinished, test } from 'vitest';
import { useServer } from '#test/support/use-server.js';

const used = useServer();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('Apollo Client gets its data, and does not send a hash for the next query', async () => {
  const bodies: string[] = [];
  const http = new HttpLink({
    uri: used.server.url,
    fetch: (url, options) => {
      bodies.push(String(options?.body));
      return fetch(url, options);
    },
  });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([new PersistedQueryLink({ sha256 }), http]),
  });
  onTestFinished(() => client.stop());
  const rooms = await client.query({ query: gql`query Rooms { activeRooms { id } }` });
  expect(rooms.data).toEqual({ activeRooms: [] });
  const viewer = await client.query({ query: gql`query Who { viewer { roles } }` });
  expect(viewer.data).toEqual({ viewer: null });
  expect(bodies.map((body) => 'query' in JSON.parse(body))).toEqual([false, true, true]);
});
