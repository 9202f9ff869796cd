import type { DocumentNode, ExecutionResult, GraphQLError } from 'graphql';
import { execute, parse } from 'graphql';
import type { ChatError } from '#domain/errors.js';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import type { Message } from '#domain/message.js';
import type { EventLog, Head, MessagePage } from '#domain/ports/event-log.js';
import type { RateLimiter, SlowModes } from '#domain/ports/limiter.js';
import type { RoomDirectory } from '#domain/ports/presence.js';
import type { SessionStore, Viewer } from '#domain/viewer.js';
import { createSubscribe } from '#fanout/delivery/subscribe.js';
import {
  type Contexts,
  createContexts,
  type OperationContext,
  type SubscriptionHub,
} from '#graphql/context.js';
import { createSchema } from '#graphql/schema.js';
import { createHub } from '#test/fanout/fixture.js';
import { MemoryStore } from '#test/support/memory-store.js';

/** The schema under test. */
export const schema = createSchema(DEFAULT_LIMITS);

/** What the hub of `recording` knows of the room `open`. */
export const KNOWN: Head = { epoch: 'epoch', head: '1009-0', now: 2_000 };

/** A message of a room, by number. */
export function messageOf(roomId: string, number: number): Message {
  return {
    id: `${1000 + number}-0`,
    prev: number === 0 ? '0' : `${999 + number}-0`,
    roomId,
    author: { id: 'u1', name: 'Ada' },
    content: `message ${number}`,
  };
}

/**
 * Contexts whose services record every call in one list. The services return fixed values, except for the hub,
 * which is a real one on a store that holds the messages in `stored`.
 */
export function recording({
  page = { messages: [], hasOlder: false, hasNewer: false, head: '0' },
  rooms = [],
  stored = [],
  allowGuests = true,
  openSessions = true,
}: Partial<{
  page: MessagePage;
  rooms: string[];
  stored: Message[];
  allowGuests: boolean;
  openSessions: boolean;
}> = {}) {
  const calls: unknown[][] = [];
  const eventLog: EventLog = {
    async append(draft, sender) {
      calls.push(['append', draft, ...(sender?.address ? [sender] : [])]);
      return { ...draft, id: '1000-0', prev: '0' };
    },
    async retract(roomId, ids, rights) {
      calls.push(['retract', roomId, ids, rights]);
      return { retracted: [...ids], missing: [] };
    },
    async page() {
      throw new Error('Resolvers do not read entries.');
    },
    async messages(roomId, window, known) {
      calls.push(['messages', roomId, window, ...(known ? [known] : [])]);
      return page;
    },
    async heads() {
      throw new Error('Resolvers do not read heads.');
    },
    async lastMessages(roomIds) {
      calls.push(['lastMessages', roomIds]);
      return roomIds.map((roomId) => (roomId === 'empty' ? null : messageOf(roomId, 0)));
    },
  };
  const directory: RoomDirectory = {
    async connectionCounts(roomIds) {
      calls.push(['connectionCounts', roomIds]);
      return roomIds.map((roomId) => roomId.length);
    },
    async activeRooms(limit) {
      calls.push(['activeRooms', limit]);
      return rooms;
    },
  };
  const store = new MemoryStore({ now: () => 2_000 });
  for (const message of stored) store.kept(message.roomId).push(message);
  const { hub: realHub } = createHub({ store });
  const hub: SubscriptionHub = {
    isOpen: (roomId) => roomId === 'open',
    knownHead: (roomId) => (roomId === 'open' ? KNOWN : undefined),
    join(roomId, start, connectionId, delivers) {
      calls.push(['join', roomId, start, connectionId, delivers]);
      return realHub.join(roomId, start, connectionId, delivers);
    },
    watch(name, read) {
      calls.push(['watch', name]);
      return realHub.watch(name, read);
    },
    watchRoom(roomId, read) {
      calls.push(['watchRoom', roomId]);
      return realHub.watchRoom(roomId, read);
    },
    retractions: realHub.retractions,
    get stats() {
      return realHub.stats;
    },
  };
  const sessions: SessionStore = {
    async start(name, roles) {
      calls.push(['start', name, roles]);
      return { token: 'token', user: { id: 'user:1', name } };
    },
    async end(sessionId) {
      calls.push(['end', sessionId]);
      return true;
    },
    find: async () => null,
    findEnded: async () => [],
  };
  const slowModes: SlowModes = {
    async set(roomId, seconds) {
      calls.push(['set', roomId, seconds]);
    },
    async of(roomIds) {
      calls.push(['slowModes', roomIds]);
      return roomIds.map((roomId) => roomId.length);
    },
  };
  const limiter: RateLimiter = {
    async take(kind, address) {
      calls.push(['take', kind, address]);
    },
    takeRoom(roomId, address) {
      if (address !== '') calls.push(['takeRoom', roomId, address]);
      return undefined;
    },
  };
  const contexts = createContexts({
    eventLog,
    directory,
    hub,
    sessions,
    slowModes,
    limiter,
    allowGuests,
    openSessions,
  });
  return { calls, contexts };
}

/**
 * Runs one operation on recording services. Reads the first `take` results of a subscription (0 by default) and
 * then ends it.
 */
export async function run(
  document: DocumentNode | string,
  variables: Record<string, unknown>,
  options: Parameters<typeof recording>[0] & {
    viewer?: Viewer | null;
    context?: OperationContext;
    take?: number;
  } = {},
) {
  const { calls, contexts } = recording(options);
  const contextValue =
    options.context ?? contexts.forOperation({ viewer: options.viewer ?? null, connectionId: 'c1' });
  const parsed = typeof document === 'string' ? parse(document) : document;
  const args = { schema, document: parsed, variableValues: variables, contextValue };
  const isSubscription = parsed.definitions.some(
    (definition) => definition.kind === 'OperationDefinition' && definition.operation === 'subscription',
  );
  const outcome = isSubscription ? await subscribeWith(contexts)(args) : await execute(args);
  const results: ExecutionResult[] = [];
  if (Symbol.asyncIterator in outcome) {
    for (let count = options.take ?? 0; count > 0; count -= 1) {
      const { value } = await outcome.next();
      if (value) results.push(value);
    }
    await outcome.return();
  } else results.push(outcome);
  const [result] = results;
  return { calls, results, data: result?.data, errors: result?.errors, refusal: refusalOf(result) };
}

function subscribeWith(contexts: Contexts) {
  return createSubscribe({
    contexts: {
      shared: contexts.shared,
      viewerKey: (context) => contexts.viewerKey(context as OperationContext),
      client: (context) => context as OperationContext,
      forViewer: (context) => contexts.forViewer(context as OperationContext),
    },
    formatError: (error) => error as GraphQLError,
  });
}

function refusalOf(result: ExecutionResult | undefined) {
  const error = result?.errors?.[0]?.originalError as ChatError | undefined;
  return error && { code: error.code, message: error.message, ...error.details };
}
