/** A schema with a viewer-dependent field, and `subscribe` on it. */
import { buildSchema, GraphQLError, type GraphQLFieldResolver, type GraphQLObjectType, parse } from 'graphql';
import type { Message } from '#domain/message.js';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import { createSubscribe, type SubscribeOptions } from '#fanout/delivery/subscribe.js';
import type { SelectionLimits } from '#fanout/projection/selection-limit.js';
import { createContexts, type OperationContext } from '#graphql/context.js';
import { createErrorFormatter } from '#server/operation/errors.js';
import { createHub, ROOM, UNLIMITED_SELECTIONS } from '#test/fanout/fixture.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { otherServices } from '#test/support/services.js';

type Resolver = GraphQLFieldResolver<Message, OperationContext>;

const isMine: Resolver = (message, _args, { viewer }) => message.author.id === viewer?.user.id;

export interface HarnessOptions {
  /** Whether `isMine` is marked as viewer-dependent, as it should be. */
  marked?: boolean;
  /** Replaces the default resolvers of these fields. */
  resolvers?: Record<string, Resolver>;
  formatError?: SubscribeOptions['formatError'];
  /** Limits on distinct selections; none if not given. */
  selections?: SelectionLimits;
}

export function createHarness({
  marked = true,
  resolvers = {},
  formatError,
  selections = UNLIMITED_SELECTIONS,
}: HarnessOptions = {}) {
  const schema = buildSchema(`
    scalar Anything
    type Query { unused: Int }
    type Subscription { messageAdded(roomId: ID!, last: Int): Message! }
    type Message { id: ID! content(shout: Boolean = false): String! isMine: Boolean anything: Anything }`);
  const executed: string[] = [];
  const fields = (schema.getType('Message') as GraphQLObjectType).getFields();
  fields.id!.resolve = (message: Message) => {
    executed.push(message.id);
    return message.id;
  };
  fields.content!.resolve = ({ content }: Message, { shout }) => (shout ? content.toUpperCase() : content);
  fields.isMine!.resolve = isMine;
  if (marked) fields.isMine!.extensions = { viewerDependent: true };
  for (const [name, resolve] of Object.entries(resolvers)) fields[name]!.resolve = resolve;

  const store = new MemoryStore();
  const { hub, troubles, present } = createHub({ store, selections });
  const root = schema.getSubscriptionType()!.getFields().messageAdded!;
  root.subscribe = (_root, args) => hub.join(args.roomId, { from: 'last', count: args.last ?? 0 }, 'c');
  root.resolve = (message) => message;

  const bugs: unknown[] = [];
  const directory = { connectionCounts: async () => [], activeRooms: async () => [] };
  const contexts = createContexts({ ...otherServices(), eventLog: store, directory, hub, allowGuests: true });
  const subscribe = createSubscribe({
    contexts: {
      shared: contexts.shared,
      viewerKey: (context) => contexts.viewerKey(context as OperationContext),
      client: (context) => context as OperationContext,
      forViewer: (context) => contexts.forViewer(context as OperationContext),
    },
    formatError: formatError ?? createErrorFormatter((error) => void bugs.push(error)),
  });

  /** Subscribes with this selection on a message, as the named user or without a session. */
  async function join(
    selection: string,
    { name, variables = {}, head = '' }: { name?: string; variables?: object; head?: string } = {},
  ): Promise<SharedStream> {
    const stream = await subscribe({
      schema,
      document: parse(`subscription ${head} { messageAdded(roomId: "${ROOM}") ${selection} }`),
      variableValues: { ...variables },
      contextValue: contexts.forOperation({
        viewer: name === undefined ? null : { user: { id: name, name }, roles: ['viewer'] },
        connectionId: 'c',
      }),
    });
    if (!(stream instanceof SharedStream)) throw new GraphQLError(JSON.stringify(stream));
    return stream;
  }

  return { store, hub, join, executed, bugs, troubles, present };
}

/** Returns the next result of each stream. */
export function nextOf(...streams: SharedStream[]): Promise<unknown[]> {
  return Promise.all(streams.map(async (stream) => (await stream.next()).value));
}
