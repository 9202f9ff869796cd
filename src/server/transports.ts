/** The entry point of server/: HTTP, WebSockets and streams, with one engine and one set of guards. */
import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { ChatError } from '#domain/errors.js';
import type { RateLimit, RateLimiter } from '#domain/ports/limiter.js';
import type { Machine } from '#domain/ports/machine.js';
import type { SessionStore } from '#domain/viewer.js';
import type { TextBytes } from '#server/documents/response-bytes-rule.js';
import { type TrustedDocuments, useTrustedDocuments } from '#server/documents/trusted-documents.js';
import { createQueryLimits, type QueryLimits } from '#server/documents/validation.js';
import type { ListSizes } from '#server/documents/weights.js';
import { AnswerLimit, type AnswerLimits, limitAnswers } from '#server/guards/answer-limit.js';
import { ConcurrencyLimit, type ConcurrencyLimits } from '#server/guards/concurrency-limit.js';
import { ConnectionRateLimit } from '#server/guards/connection-rate-limit.js';
import { answerPreflights } from '#server/guards/cors.js';
import { type Budget, CostBudget, limitCost } from '#server/guards/cost-budget.js';
import type { Refused } from '#server/guards/guard.js';
import { HostGuard } from '#server/guards/host.js';
import { chargeOperations, OperationCosts } from '#server/guards/operation-costs.js';
import { OriginGuard, type OriginOptions } from '#server/guards/origin.js';
import { GuardPipeline, type GuardsOptions } from '#server/guards/pipeline.js';
import { UnreadBytes, type UnreadBytesLimits } from '#server/guards/unread-bytes.js';
import { asksForStream, createHttpGraphQL, negotiate, parserOf } from '#server/http/graphql.js';
import { healthRoutes } from '#server/http/health.js';
import { type MetricsRouteOptions, metricsRoute } from '#server/http/metrics-route.js';
import type { OpenAnswerLimits } from '#server/http/open-answers.js';
import { type PageOptions, pageRoutes } from '#server/http/page.js';
import { RequestBodies } from '#server/http/request-body.js';
import { createHttpTransport, sendJson } from '#server/http/server.js';
import { countUnreadAnswers } from '#server/http/unread-answers.js';
import type { Engine } from '#server/operation/engine.js';
import { SessionWatch } from '#server/operation/session-watch.js';
import { admitStreams } from '#server/streaming/admission.js';
import { MULTIPART } from '#server/streaming/multipart.js';
import { createResponseStreams } from '#server/streaming/response-streams.js';
import { EVENT_STREAM } from '#server/streaming/server-sent-events.js';
import { createWebSocketTransport } from '#server/websocket/server.js';

const GRAPHQL = '/graphql';

/** The formats of subscriptions over HTTP, in order of preference. */
const STREAM_FORMATS = [EVENT_STREAM, MULTIPART];

/** Sockets for plain requests, in addition to those for long-lived connections. */
const SPARE_CONNECTIONS = 5_000;

/** Settings of the transports. Durations are in milliseconds; 0 turns a limit off. */
export interface TransportOptions {
  engine: Engine;
  sessions: Pick<SessionStore, 'findEnded'>;
  /** How often open connections are checked for sessions and tokens that have ended. */
  sessionCheckMs: number;
  limiter: RateLimiter;
  origins: OriginOptions;
  connections: ConcurrencyLimits;
  /** The other processes on this port; undefined if there are none. */
  machine: Machine | undefined;
  /** How fast one WebSocket may start operations, and how many it may have open at once. */
  operationRate: RateLimit;
  operationsPerConnection: number;
  /** What one connection may leave unread. */
  openAnswers: OpenAnswerLimits;
  /** Queries and mutations that may be under way. */
  answers: AnswerLimits;
  /** What the clients of one address, and all clients, may leave unread. */
  unread: UnreadBytesLimits;
  /** What the operations of one address may cost. */
  costBudget: Budget;
  /** Bytes in one WebSocket message, and in the body of one request. */
  messageBytes: number;
  documents: TrustedDocuments;
  queryLimits: QueryLimits;
  listSizes: ListSizes;
  textBytes: TextBytes;
  introspection: boolean;
  graphiql: boolean;
  page: PageOptions;
  /** Undefined if metrics are off. */
  metrics: MetricsRouteOptions | undefined;
  heartbeatMs: number;
  initTimeoutMs: number;
  idleTimeoutMs: number;
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  keepAliveTimeoutMs: number;
  /** How long open requests may take to finish when the server closes. */
  shutdownMs: number;
  /** Resolves to the names of what is missing if the store can serve. Otherwise rejects with the reason. */
  checkStore(): Promise<readonly string[]>;
  isShuttingDown(): boolean;
  onRefused: GuardsOptions['onRefused'];
  /** Called for each connection that is closed because too much is unread. */
  onUnread(): void;
  /** Called with errors outside of any operation. */
  onFault(error: unknown): void;
}

/** Creates the transports. They accept no connections before `listen`. */
export function createTransports(options: TransportOptions) {
  const { engine, documents, limiter, machine, onFault } = options;
  const { addressOf, formatError } = engine;
  const sessionWatch = new SessionWatch({
    sessions: options.sessions,
    everyMs: options.sessionCheckMs,
    // If Redis is down, the store's connections report it.
    onFault: (error) => void (error instanceof ChatError || onFault(error)),
  });
  const guards = new GuardPipeline({
    every: [new OriginGuard(options.origins), new HostGuard()],
    lasting: [
      new ConcurrencyLimit(options.connections, addressOf, machine?.connections),
      new ConnectionRateLimit({ limiter, addressOf, formatError }),
    ],
    asksForStream: (request) => asksForStream(request, STREAM_FORMATS),
    onRefused: options.onRefused,
  });
  const answerLimit = new AnswerLimit(options.answers);
  const unreadBytes = new UnreadBytes(options.unread, options.onUnread);
  machine?.watchUnread(unreadBytes);
  const costs = new OperationCosts(new CostBudget(options.costBudget), options.listSizes);
  const streamAdmission = admitStreams({
    formats: STREAM_FORMATS,
    admit: async (request, response) => {
      const refused = await guards.stream(request, response);
      if (refused === undefined) answerLimit.leaveToOthers(request);
      return refused && errorOf(refused);
    },
  });
  const responseStreams = createResponseStreams({
    formats: STREAM_FORMATS,
    heartbeatMs: options.heartbeatMs,
    sessionWatch,
    unreadBytes,
    addressOf,
    onFault,
  });
  const bodies = new RequestBodies(options.messageBytes);
  const yoga = createHttpGraphQL(engine, {
    endpoint: GRAPHQL,
    bodies,
    graphiql: options.graphiql,
    plugins: [
      createQueryLimits({
        limits: options.queryLimits,
        sizes: options.listSizes,
        texts: options.textBytes,
        introspection: options.introspection,
      }),
      useTrustedDocuments(documents),
      chargeOperations(costs, addressOf),
      streamAdmission,
      responseStreams.plugin,
      countUnreadAnswers({ unreadBytes, answerLimit, addressOf, isStream: responseStreams.has }),
    ],
  });
  const webSockets = createWebSocketTransport({
    engine,
    parseAndValidate: parserOf(yoga),
    openAnswers: options.openAnswers,
    answerLimit,
    unreadBytes,
    costs,
    messageBytes: options.messageBytes,
    initTimeoutMs: options.initTimeoutMs,
    heartbeatMs: options.heartbeatMs,
    documentOf: (payload) => documents.documentOf(payload),
    operationsPerConnection: options.operationsPerConnection,
    idleTimeoutMs: options.idleTimeoutMs,
    sessionWatch,
    operationRate: options.operationRate,
    onFault,
  });
  const answer = negotiate((request, response) => yoga(request, response), {
    streams: STREAM_FORMATS,
    graphiql: options.graphiql,
  });
  const refuse = (response: ServerResponse, error: ChatError, status = 429) => {
    response.setHeader('Retry-After', Math.ceil((error.details.retryAfterMs ?? 0) / 1_000));
    sendJson(response, status, { errors: [formatError(error)] });
  };
  const fewAnswers = limitAnswers(answer, answerLimit, {
    addressOf,
    refuse: (request, response, { status, error }) => {
      options.onRefused(status === 503 ? 'answers' : 'address', request);
      refuse(response, error, status);
    },
  });
  const limited = limitCost(fewAnswers, {
    spend: (request) => costs.admitRequest(addressOf(request)),
    refuse: (request, response, error) => {
      options.onRefused('rate', request);
      refuse(response, error);
    },
  });
  const { connections } = options.connections;
  const http = createHttpTransport({
    routes: new Map([
      [GRAPHQL, bodies.readFirst(guards.request(answerPreflights(limited)))],
      ['/', (_request, response) => void response.writeHead(302, { Location: GRAPHQL }).end()],
      ...pageRoutes(options.page),
      ...(options.metrics ? ([['/metrics', metricsRoute(options.metrics)]] as const) : []),
      ...healthRoutes(options),
    ]),
    upgrades: new Map([[GRAPHQL, guards.upgrade(webSockets.handleUpgrade)]]),
    headersTimeoutMs: options.headersTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs,
    keepAliveTimeoutMs: options.keepAliveTimeoutMs,
    // Longer than the heartbeat, so that a stream whose client reads it is never inactive.
    stallTimeoutMs: Math.max(options.requestTimeoutMs, 4 * options.heartbeatMs),
    openAnswers: options.openAnswers,
    connections: connections > 0 ? connections + SPARE_CONNECTIONS : 0,
    sharesPort: machine !== undefined,
    onFault,
  });

  return {
    listen: (port: number, host: string): Promise<number> => http.listen(port, host),
    /** The number of open long-lived connections, by transport. */
    connections: () => ({ websocket: webSockets.connections, sse: responseStreams.count }),
    /** Completes all subscriptions. Open requests may continue until `requestsEnded` resolves. */
    async close(): Promise<{ requestsEnded: Promise<void> }> {
      const requestsEnded = http.close(options.shutdownMs);
      sessionWatch.close();
      await Promise.all([webSockets.close(), responseStreams.close()]);
      unreadBytes.close();
      return { requestsEnded };
    },
  };
}

/** Converts the refusal of a guard to a GraphQL error, with the HTTP status and headers for Yoga. */
function errorOf({ error, status, headers }: Refused): GraphQLError {
  return new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status, headers } } });
}
