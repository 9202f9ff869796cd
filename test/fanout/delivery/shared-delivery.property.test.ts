/**
 * The promise that the whole design depends on: a shared subscription receives, byte for byte, the results
 * that graphql-js would produce for it alone.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { type ExecutionResult, execute, type GraphQLError, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { isMessage } from '#domain/entry.js';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import { createSubscribe } from '#fanout/delivery/subscribe.js';
import { createContexts, type OperationContext } from '#graphql/context.js';
import { createSchema } from '#graphql/schema.js';
import { createHub, ROOM } from '#test/fanout/fixture.js';
import {
  documentOf,
  OTHER_SPELLING,
  PLAIN_SPELLING,
  randomSelection,
  variablesOf,
} from '#test/fanout/projection/arbitrary-selection.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { otherServices } from '#test/support/services.js';
import { eventStreamReceiver, iteratingReceiver, type Receiver, webSocketReceiver } from './receivers.js';

const schema = createSchema(DEFAULT_LIMITS);

// Any code point, including unpaired surrogates. (fast-check's own arbitrary takes seconds to set up.)
const unit = fc
  .oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff))
  .map((code) => String.fromCodePoint(code));
const text = fc.string({ unit, minLength: 1, maxLength: 40 });
const messages = fc.array(fc.record({ content: text, name: text }), { minLength: 1, maxLength: 4 });
const ids = fc.tuple(fc.string({ unit, maxLength: 4 }), fc.string({ maxLength: 60 }), fc.uuid());

const testCase = fc.record({
  selection: randomSelection,
  messages,
  ids,
  kind: fc.constantFrom('plain', 'plain', 'plain', 'plain', 'store fails', 'null for c'),
});

/** Creates a hub and `subscribe`. If `storeFails`, fields that read the store fail. */
function createHarness(storeFails: boolean) {
  const store = new MemoryStore();
  const read = async <T>(answer: T): Promise<T> => {
    if (storeFails) throw new Error('The store is down.');
    return answer;
  };
  const { hub } = createHub({ store });
  const contexts = createContexts({
    ...otherServices(),
    eventLog: {
      append: (draft) => store.append(draft),
      retract: (roomId, ids, rights) => store.retract(roomId, ids, rights),
      page: (roomId, window) => store.page(roomId, window),
      messages: (roomId, window) => store.messages(roomId, window),
      heads: (roomIds) => store.heads(roomIds),
      lastMessages: (roomIds) => read(roomIds.map((roomId) => store.kept(roomId).find(isMessage) ?? null)),
    },
    directory: {
      connectionCounts: (roomIds) => read(roomIds.map((roomId) => roomId.length)),
      activeRooms: async () => [],
    },
    hub,
    allowGuests: true,
  });
  const subscribe = createSubscribe({
    contexts: {
      shared: contexts.shared,
      viewerKey: (context) => contexts.viewerKey(context as OperationContext),
      client: (context) => context as OperationContext,
      forViewer: (context) => contexts.forViewer(context as OperationContext),
    },
    formatError: (error) => error as GraphQLError,
  });
  const context = () => contexts.forOperation({ viewer: null, connectionId: 'c', address: '' });
  return { store, hub, subscribe, context };
}

describe('shared delivery', () => {
  test('is tested with valid selections', () => {
    fc.assert(
      fc.property(randomSelection, (selection) => {
        for (const spelling of [PLAIN_SPELLING, OTHER_SPELLING]) {
          expect(validate(schema, parse(documentOf(selection, spelling)))).toEqual([]);
        }
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  test('gives each subscription the bytes that graphql-js would produce for it alone', {
    timeout: 180_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(testCase, async ({ selection, messages, ids, kind }) => {
        const storeFails = kind === 'store fails';
        const { store, hub, subscribe, context } = createHarness(storeFails);
        const document = parse(documentOf(selection, PLAIN_SPELLING));
        // The two spellings treat null differently.
        const respelled = kind === 'null for c' ? document : parse(documentOf(selection, OTHER_SPELLING));
        const values = kind === 'null for c' ? { ...selection.values, c: null } : selection.values;
        const variableValues = { ...variablesOf(values), room: ROOM, last: 0 };
        const join = async (spelling: typeof document) => {
          const args = { schema, document: spelling, variableValues, contextValue: context() };
          const stream = await subscribe(args);
          if (!(stream instanceof SharedStream)) throw new Error(JSON.stringify(stream));
          return stream;
        };
        const receivers: Receiver[] = [
          webSocketReceiver(await join(respelled), ids[0], false),
          webSocketReceiver(await join(document), ids[1], true),
          webSocketReceiver(await join(document), ids[2], false),
          eventStreamReceiver(await join(document)),
          iteratingReceiver(await join(respelled)),
        ];
        const { projections } = hub.size;

        const sent = messages.map(({ content, name }) =>
          store.put(ROOM, content, { id: `guest:${name}`, name }),
        );
        const payloads: string[] = [];
        for (const rootValue of sent) {
          const contextValue = context();
          const result = await execute({ schema, document, variableValues, contextValue, rootValue });
          payloads.push(JSON.stringify(withoutLocations(result)));
        }
        for (let turn = 0; receivers.some(({ count }) => count < sent.length); turn += 1) {
          if (turn === 200) break;
          await nextTurn();
        }
        const received = receivers.map((receiver) => receiver.received());
        await Promise.all(receivers.map((receiver) => receiver.end()));

        const expected = receivers.map((receiver) => receiver.expected(payloads));
        expect({ projections, received, left: hub.size }).toEqual({
          projections: 1,
          received: expected,
          left: { rooms: 0, projections: 0 },
        });
      }),
      { seed: 5, numRuns: 10_000 },
    );
  });
});

/** Locations differ between documents that share their results, so the server leaves them out. */
function withoutLocations({ data, errors }: ExecutionResult) {
  const formatted = errors?.map(({ message, path, extensions }) => ({
    message,
    path,
    ...(Object.keys(extensions).length > 0 && { extensions }),
  }));
  return { ...(formatted && { errors: formatted }), data };
}
