import { createSourceEventStream, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import type { Role } from '#domain/viewer.js';
import type { SubscriptionHub } from '#graphql/context.js';
import { messageOf, recording, run, schema } from '#test/graphql/recording.js';
import { MessageAdded } from '#test/support/documents.js';

describe('the start of a subscription', () => {
  test.each([
    ['no arguments', {}, { from: 'now' }],
    ['null for both', { after: null, last: null }, { from: 'now' }],
    ['after', { after: '1000-0' }, { from: 'after', cursor: '1000-0' }],
    ['after the beginning', { after: '0' }, { from: 'after', cursor: '0' }],
    ['last', { last: 20 }, { from: 'last', count: 20 }],
    ['last 0', { last: 0 }, { from: 'last', count: 0 }],
  ])('follows from %s', async (_what, args, start) => {
    const stored = [messageOf('room1', 0)];
    const { calls, errors } = await run(MessageAdded, { roomId: 'room1', ...args }, { stored });
    expect(calls).toEqual([['join', 'room1', start, 'c1', 'messages']]);
    expect(errors).toBeUndefined();
  });
});

describe('a subscription', () => {
  test('delivers the messages of the room in order', async () => {
    const stored = [messageOf('room1', 0), messageOf('room1', 1)];
    const { results } = await run(
      'subscription { messageAdded(roomId: "room1", last: 2) { id } }',
      {},
      { stored, take: 2 },
    );
    expect(results).toEqual([
      { data: { messageAdded: { id: '1000-0' } } },
      { data: { messageAdded: { id: '1001-0' } } },
    ]);
  });

  test("passes the hub's own source to the transport", async () => {
    const { contexts } = recording();
    const contextValue = contexts.forOperation({ viewer: null, connectionId: 'c1' });
    const source = await contextValue.hub.join('room1', { from: 'now' }, 'c1', 'messages');
    contextValue.hub = { ...contextValue.hub, join: (async () => source) as SubscriptionHub['join'] };
    const document = parse('subscription { messageAdded(roomId: "room1") { id } }');
    expect(await createSourceEventStream({ schema, document, contextValue })).toBe(source);
  });
});

describe('a subscription from an address', () => {
  const ADDRESS = '192.0.2.1';

  /** The calls of the services when a subscription to the room begins. */
  async function callsFor(roomId: string, roles: Role[] = []): Promise<unknown[][]> {
    const { calls, contexts } = recording();
    const viewer = { user: { id: 'u1', name: 'Ada' }, roles };
    const contextValue = contexts.forOperation({ viewer, connectionId: 'c1', address: ADDRESS });
    const document = parse(`subscription { messageAdded(roomId: "${roomId}") { id } }`);
    await createSourceEventStream({ schema, document, contextValue });
    return calls;
  }

  test('is counted before it opens a room on this node', async () => {
    expect(await callsFor('room1')).toEqual([
      ['takeRoom', 'room1', ADDRESS],
      ['join', 'room1', { from: 'now' }, 'c1', 'messages'],
    ]);
  });

  test('is not counted if the room is open on this node', async () => {
    expect(await callsFor('open')).toEqual([['join', 'open', { from: 'now' }, 'c1', 'messages']]);
  });

  test('is not counted if the platform opens the room', async () => {
    expect(await callsFor('room1', ['service'])).toEqual([
      ['join', 'room1', { from: 'now' }, 'c1', 'messages'],
    ]);
  });
});
