import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import type { Viewer } from '#domain/viewer.js';
import { createBuilder } from '#graphql/builder.js';
import { addMessage } from '#graphql/types/message.js';
import { addRoom } from '#graphql/types/room.js';
import { addUser } from '#graphql/types/user.js';
import { messageOf, recording, schema } from './recording.js';

const viewer: Viewer = { user: { id: 'u1', name: 'Ada' }, roles: ['viewer'] };

describe('the shared context', () => {
  test('throws when the viewer is read, and says how to fix it', () => {
    const shared = recording().contexts.shared();
    expect(() => shared.viewer).toThrow('viewerDependent: true');
  });

  test('resolves all fields of a message', async () => {
    const { contexts } = recording();
    const result = await execute({
      schema,
      document: parse(
        'subscription { messageAdded(roomId: "a") { id roomId createdAt content author { id name } room { id connectionCount lastMessage { id } } } }',
      ),
      rootValue: messageOf('a', 1),
      contextValue: contexts.shared(),
    });
    expect(result.errors).toBeUndefined();
    expect(result.data?.messageAdded).toMatchObject({ id: '1001-0', room: { id: 'a', connectionCount: 1 } });
  });

  test('resolves a message synchronously if no field needs the store', () => {
    const result = execute({
      schema,
      document: parse(
        'subscription { messageAdded(roomId: "a") { id roomId createdAt content author { id name } room { id } } }',
      ),
      rootValue: messageOf('a', 1),
      contextValue: recording().contexts.shared(),
    });
    expect(result).toMatchObject({
      data: { messageAdded: { id: '1001-0', createdAt: '1970-01-01T00:00:01.001Z' } },
    });
  });

  test('fails a field that reads the viewer without being marked', async () => {
    const withMine = schemaWithMine();
    const { contexts } = recording();
    const args = {
      schema: withMine,
      document: parse('subscription { messageAdded(roomId: "a") { id isMine } }'),
      rootValue: messageOf('a', 1),
    };
    const own = await execute({
      ...args,
      contextValue: contexts.forOperation({ viewer, connectionId: 'c1' }),
    });
    expect(own).toEqual({ data: { messageAdded: { id: '1001-0', isMine: true } } });
    const shared = await execute({ ...args, contextValue: contexts.shared() });
    expect(shared.data).toBeNull();
    expect(shared.errors?.[0]?.path).toEqual(['messageAdded', 'isMine']);
    expect(shared.errors?.[0]?.message).toContain('viewerDependent: true');
  });
});

function schemaWithMine() {
  const builder = createBuilder(DEFAULT_LIMITS);
  builder.queryType({});
  builder.mutationType({});
  builder.subscriptionType({});
  addUser(builder);
  addRoom(builder);
  addMessage(builder);
  builder.objectField('Message', 'isMine', (t) =>
    t.boolean({ resolve: (message, _args, context) => message.author.id === context.viewer?.user.id }),
  );
  return builder.toSchema();
}

describe('the context of an operation', () => {
  test('contains the caller', () => {
    const { contexts } = recording({ allowGuests: false });
    const one = contexts.forOperation({ viewer, connectionId: 'c1' });
    const two = contexts.forOperation({ viewer: null, connectionId: 'c2' });
    expect(one).toMatchObject({ viewer, connectionId: 'c1', allowGuests: false });
    expect(two).toMatchObject({ viewer: null, connectionId: 'c2' });
  });

  test('has a key for its viewer, and can be created again for a broadcast to that viewer', () => {
    const { contexts } = recording();
    const own = contexts.forOperation({ viewer, connectionId: 'c1' });
    expect(contexts.viewerKey(own)).toBe('u1');
    expect(contexts.viewerKey(contexts.forOperation({ viewer: null, connectionId: 'c2' }))).toBe('');
    expect(contexts.forViewer(own)()).toMatchObject({ viewer, connectionId: '' });
  });
});
