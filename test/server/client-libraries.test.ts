import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apollo } from '#test/support/clients/apollo.js';
import type { ChatClient } from '#test/support/clients/chat-client.js';
import { graphqlSse } from '#test/support/clients/graphql-sse.js';
import { graphqlWs } from '#test/support/clients/graphql-ws.js';
import { run } from '#test/support/clients/http.js';
import { relay } from '#test/support/clients/relay.js';
import { urql } from '#test/support/clients/urql.js';
import { ConnectionCount, MessageAdded, Messages, SendMessage } from '#test/support/documents.js';
import type { MessageAddedSubscription } from '#test/support/generated/graphql.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

describe.each([graphqlWs, graphqlSse, apollo, urql, relay])('$name', ({ name, connect }) => {
  const roomId = name.replace(/\W/g, '-');
  const inputOf = (content: string) => ({ input: { roomId, content, author: 'Ann' } });
  let client: ChatClient;
  beforeEach(() => {
    client = connect(used.server);
  });
  afterEach(async () => {
    await client.close();
    await used.redis.cli('FLUSHALL');
  });

  /** Subscribes to the room. Resolves once the subscription is live. */
  async function follow(variables: { after?: string; last?: number } = {}) {
    const received: MessageAddedSubscription['messageAdded'][] = [];
    const errors: unknown[] = [];
    const { stop } = client.subscribe(
      MessageAdded,
      { roomId, ...variables },
      { next: ({ messageAdded }) => received.push(messageAdded), error: (error) => errors.push(error) },
    );
    await until(async () => errors.length > 0 || (await countConnections()) > 0, {
      what: 'the subscription to be live',
    });
    return { received, errors, stop };
  }

  const countConnections = async () => (await run(used.server, ConnectionCount, { roomId })).connectionCount;

  test('sends a message and receives it as stored', async () => {
    const { sendMessage } = await client.mutate(SendMessage, inputOf('Hello'));

    expect(sendMessage).toMatchObject({ roomId, content: 'Hello', author: { id: 'guest:Ann', name: 'Ann' } });
    expect(await used.redis.cli('LRANGE', `messages:${roomId}`, '0', '-1')).toContain(
      `"id":"${sendMessage.id}"`,
    );
  });

  test('reads a page of history', async () => {
    for (const content of ['one', 'two', 'three']) await run(used.server, SendMessage, inputOf(content));

    const { messages } = await client.query(Messages, { roomId, last: 2 });

    expect(messages.nodes.map(({ content }) => content)).toEqual(['two', 'three']);
    expect(messages.edges.map(({ cursor }) => cursor)).toEqual(messages.nodes.map(({ id }) => id));
    expect(messages.pageInfo).toMatchObject({
      hasPreviousPage: true,
      hasNextPage: false,
      endCursor: messages.nodes[1]!.id,
    });
  });

  test('subscribes to a room and stops', async () => {
    const { received, errors, stop } = await follow();

    const sent = await client.mutate(SendMessage, inputOf('live'));
    await until(() => received.length === 1, { what: 'the message' });
    const { id, createdAt } = sent.sendMessage;
    expect(received[0]).toMatchObject({ id, createdAt, content: 'live', author: { name: 'Ann' } });

    stop();
    await until(async () => (await countConnections()) === 0, { what: 'the connection to be removed' });
    await run(used.server, SendMessage, inputOf('after the end'));
    expect(received).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  test('starts with the last messages and resumes from its cursor', async () => {
    for (const content of ['one', 'two', 'three']) await run(used.server, SendMessage, inputOf(content));
    const contents = (messages: { content: string }[]) => messages.map(({ content }) => content);

    const first = await follow({ last: 2 });
    await until(() => first.received.length === 2, { what: 'the last two' });
    expect(contents(first.received)).toEqual(['two', 'three']);
    first.stop();

    await run(used.server, SendMessage, inputOf('missed'));
    const second = await follow({ after: first.received[1]!.id });
    await until(() => second.received.length === 1, { what: 'the missed message' });
    await run(used.server, SendMessage, inputOf('live again'));
    await until(() => second.received.length === 2, { what: 'the new message' });
    expect(contents(second.received)).toEqual(['missed', 'live again']);
    second.stop();
  });

  test('receives the reason if a message is invalid', async () => {
    await expect(client.mutate(SendMessage, inputOf(' '))).rejects.toThrow(
      'input.content must not be empty.',
    );
  });

  test('receives an error if its cursor has expired', async () => {
    const { received, errors } = await follow({ after: '1-0' });

    await until(() => errors.length > 0, { what: 'the error' });
    expect(String((errors[0] as Error).message)).toContain('Cannot resume after 1-0');
    expect(received).toEqual([]);
  });
});
