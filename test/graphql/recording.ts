import type { DocumentNode, ExecutionResult } from 'graphql';
import { execute, parse, subscribe } from 'graphql';
import type { ChatError } from '#domain/errors.js';
import { DEFAULT_LIMITS } from '#domain/limits.js';
import type { Message } from '#domain/message.js';
import type { ChatRepository, Page } from '#domain/ports/event-log.js';
import type { RateLimiter, SlowModes } from '#domain/ports/limiter.js';
import type { SessionStore, Viewer } from '#domain/viewer.js';
import { createContexts, type Joinable, type OperationContext } from '#graphql/context.js';
import { createSchema } from '#graphql/schema.js';

/** The schema under test. */
export const schema = createSchema(DEFAULT_LIMITS);

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

/** Ports that answer from a fixture and write down what they were asked, one list for both. */
export function recording({
  page = { messages: [], hasOlder: false, hasNewer: false },
  rooms = [],
  joined = [],
  allowGuests = true,
  openSessions = true,
}: Partial<{
  page: Page;
  rooms: string[];
  joined: Message[];
  allowGuests: boolean;
  openSessions: boolean;
}> = {}) {
  const calls: unknown[][] = [];
  const repository: ChatRepository = {
    async send(draft, sender) {
      calls.push(['send', draft, ...(sender?.address ? [sender] : [])]);
      return { ...draft, id: '1000-0', prev: '0' };
    },
    async page(roomId, window) {
      calls.push(['page', roomId, window]);
      return page;
    },
    async lastMessages(roomIds) {
      calls.push(['lastMessages', roomIds]);
      return roomIds.map((roomId) => (roomId === 'empty' ? null : messageOf(roomId, 0)));
    },
    async connectionCounts(roomIds) {
      calls.push(['connectionCounts', roomIds]);
      return roomIds.map((roomId) => roomId.length);
    },
    async activeRooms(limit) {
      calls.push(['activeRooms', limit]);
      return rooms;
    },
  };
  const hub: Joinable = {
    isOpen: (roomId) => roomId === 'open',
    async join(roomId, start, connectionId) {
      calls.push(['join', roomId, start, connectionId]);
      return (async function* () {
        yield* joined;
      })();
    },
    watch(name, read) {
      calls.push(['watch', name]);
      return (async function* () {
        yield read();
      })();
    },
    stats: { viewers: 3, rooms: 2, messagesPerSecond: 10, deliveriesPerSecond: 30, delayMs: null },
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
    over: async () => [],
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
    repository,
    hub,
    sessions,
    slowModes,
    limiter,
    allowGuests,
    openSessions,
  });
  return { calls, contexts };
}

/** Runs one operation on recorded ports. */
export async function run(
  document: DocumentNode | string,
  variables: Record<string, unknown>,
  options: Parameters<typeof recording>[0] & { viewer?: Viewer | null; context?: OperationContext } = {},
) {
  const { calls, contexts } = recording(options);
  const contextValue =
    options.context ?? contexts.forOperation({ viewer: options.viewer ?? null, connectionId: 'c1' });
  const parsed = typeof document === 'string' ? parse(document) : document;
  const args = { schema, document: parsed, variableValues: variables, contextValue };
  const isSubscription = parsed.definitions.some(
    (definition) => definition.kind === 'OperationDefinition' && definition.operation === 'subscription',
  );
  const outcome = isSubscription ? await subscribe(args) : await execute(args);
  const results: ExecutionResult[] = [];
  if (Symbol.asyncIterator in outcome) for await (const result of outcome) results.push(result);
  else results.push(outcome);
  const [result] = results;
  return { calls, results, data: result?.data, errors: result?.errors, refusal: refusalOf(result) };
}

function refusalOf(result: ExecutionResult | undefined) {
  const error = result?.errors?.[0]?.originalError as ChatError | undefined;
  return error && { code: error.code, message: error.message, ...error.details };
}
