/** The door of server/: HTTP, WebSocket and event streams, with one engine and one set of rules for all. */
import type { IncomingMessage } from 'node:http';
import { ChatError } from '#domain/errors.js';
import type { RateLimit, RateLimiter } from '#domain/ports/limiter.js';
import type { SessionStore } from '#domain/viewer.js';
import type { ListSizes } from '#server/documents/cost-rule.js';
import { type TrustedDocuments, useTrustedDocuments } from '#server/documents/trusted-documents.js';
import { createQueryLimits, type QueryLimits } from '#server/documents/validation.js';
import { Admission, type AdmissionLimits } from '#server/guards/concurrency-limit.js';
import { ConnectionLimit } from '#server/guards/connection-rate-limit.js';
import { FrontDoor, type FrontDoorOptions } from '#server/guards/guards.js';
import { type OriginOptions, Origins } from '#server/guards/origin.js';
import { createHttpGraphQL, parserOf } from '#server/http/graphql.js';
import { healthRoutes } from '#server/http/health.js';
import { type MetricsRouteOptions, metricsRoute } from '#server/http/metrics-route.js';
import { type PageOptions, pageRoutes } from '#server/http/page.js';
import { createHttpTransport } from '#server/http/server.js';
import type { Engine } from '#server/operation/engine.js';
import { LiveViewers } from '#server/operation/session-watch.js';
import { STREAM_FORMATS } from '#server/streaming/formats.js';
import { createResponseStreams } from '#server/streaming/response-streams.js';
import { createWebSocketTransport } from '#server/websocket/server.js';

const GRAPHQL = '/graphql';

/** Connections beyond those that may stay open. */
const SPARE_CONNECTIONS = 5_000;

/** Settings of the transports. Durations are in milliseconds; 0 turns a limit off. */
export interface TransportOptions {
  engine: Engine;
  sessions: Pick<SessionStore, 'findEnded'>;
  /** How often open connections are checked for sessions and tokens that have ended. */
  sessionCheckMs: number;
  limiter: RateLimiter;
  origins: OriginOptions;
  connections: AdmissionLimits;
  /** How fast one connection may start operations, and how many it may have open. */
  operationRate: RateLimit;
  operationsPerConnection: number;
  /** Bytes in one WebSocket message, and in the body of one request. */
  messageBytes: number;
  documents: TrustedDocuments;
  queryLimits: QueryLimits;
  listSizes: ListSizes;
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
  /** How long requests under way may take to end when the server closes. */
  shutdownMs: number;
  /** Resolves if the store can be used. */
  checkStore(): Promise<void>;
  isShuttingDown(): boolean;
  onRejected: FrontDoorOptions['onRefused'];
  /** Called with a fault that belongs to no operation. */
  onFault(error: unknown): void;
}

/** Builds the transports. Nothing is accepted before `listen`. */
export function createTransports(options: TransportOptions) {
  const { engine, documents, limiter, onFault } = options;
  const { addressOf, formatError } = engine;
  const liveViewers = new LiveViewers({
    sessions: options.sessions,
    everyMs: options.sessionCheckMs,
    // The store's connections already report when Redis is away.
    onFault: (error) => void (error instanceof ChatError || onFault(error)),
  });
  const responseStreams = createResponseStreams(options.heartbeatMs, liveViewers, STREAM_FORMATS);
  const yoga = createHttpGraphQL(engine, {
    endpoint: GRAPHQL,
    bodyBytes: options.messageBytes,
    graphiql: options.graphiql,
    plugins: [
      createQueryLimits({
        limits: options.queryLimits,
        sizes: options.listSizes,
        introspection: options.introspection,
      }),
      useTrustedDocuments(documents),
      responseStreams.plugin,
    ],
  });
  const webSockets = createWebSocketTransport({
    engine,
    parseAndValidate: parserOf(yoga),
    messageBytes: options.messageBytes,
    initTimeoutMs: options.initTimeoutMs,
    heartbeatMs: options.heartbeatMs,
    documentOf: (payload) => documents.documentOf(payload),
    operationsPerConnection: options.operationsPerConnection,
    idleTimeoutMs: options.idleTimeoutMs,
    liveViewers,
    pace: options.operationRate,
    onFault,
  });
  const guards = new FrontDoor({
    origins: new Origins(options.origins),
    admission: new Admission(options.connections),
    addressOf: (request: IncomingMessage) => addressOf(request),
    onRefused: options.onRejected,
  });
  const connectionLimit = new ConnectionLimit({ limiter, addressOf, formatError });
  const { connections } = options.connections;
  const http = createHttpTransport({
    routes: new Map([
      [GRAPHQL, guards.request(connectionLimit.request((request, response) => yoga(request, response)))],
      ['/', (_request, response) => void response.writeHead(302, { Location: GRAPHQL }).end()],
      ...pageRoutes(options.page),
      ...(options.metrics ? ([['/metrics', metricsRoute(options.metrics)]] as const) : []),
      ...healthRoutes(options),
    ]),
    upgrades: new Map([[GRAPHQL, guards.upgrade(connectionLimit.upgrade(webSockets.handleUpgrade))]]),
    headersTimeoutMs: options.headersTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs,
    // An event stream that is read gets a heartbeat well within this time.
    stallTimeoutMs: Math.max(options.requestTimeoutMs, 4 * options.heartbeatMs),
    // Leaves room for plain requests beside the connections that stay open.
    connections: connections > 0 ? connections + SPARE_CONNECTIONS : 0,
    onFault,
  });

  return {
    listen: (port: number, host: string): Promise<number> => http.listen(port, host),
    /** How many connections are open, by transport. */
    connections: () => ({ websocket: webSockets.connections, sse: responseStreams.count }),
    /** Completes all subscriptions. Requests under way go on until `requestsEnded`. */
    async close(): Promise<{ requestsEnded: Promise<void> }> {
      const requestsEnded = http.close(options.shutdownMs);
      liveViewers.close();
      await Promise.all([webSockets.close(), responseStreams.close()]);
      return { requestsEnded };
    },
  };
}
