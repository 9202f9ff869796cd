import { fileURLToPath } from 'node:url';
import { ChatError } from '../chat/errors.js';
import type { Limits } from '../chat/limits.js';
import type { Config, Protection } from '../config.js';
import type { Log } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { Admission } from '../transport/admission.js';
import { ConnectionLimit } from '../transport/connection-limit.js';
import { FrontDoor } from '../transport/front-door.js';
import { createHttpGraphQL, type Engine, parserOf } from '../transport/graphql.js';
import { healthRoutes } from '../transport/health.js';
import { createHttpTransport } from '../transport/http.js';
import { LiveViewers } from '../transport/live-viewers.js';
import { metricsRoute } from '../transport/metrics.js';
import { Origins } from '../transport/origins.js';
import { pageRoutes } from '../transport/page.js';
import type { ListSizes } from '../transport/query-cost.js';
import { createQueryLimits } from '../transport/query-limits.js';
import { createResponseStreams } from '../transport/response-streams.js';
import { STREAM_FORMATS } from '../transport/stream-formats.js';
import { readManifest, TrustedDocuments, useTrustedDocuments } from '../transport/trusted-documents.js';
import { createWebSocketTransport } from '../transport/websocket.js';
import { orConfigError } from './config-fault.js';
import type { Store } from './store.js';

const GRAPHQL = '/graphql';

/** Connections beyond those that may stay open. */
const SPARE_CONNECTIONS = 5_000;

/** Where `npm run build` puts the page: the same place for src/ and for dist/. */
const PAGE = fileURLToPath(new URL('../../dist/web', import.meta.url));

export interface TransportParts {
  config: Config;
  engine: Engine;
  store: Store;
  log: Log;
  metrics: Metrics | undefined;
  isShuttingDown(): boolean;
}

/** HTTP, WebSocket and event streams behind one front door: the same engine, and the same rules, for all. */
export function createTransports({ config, engine, store, log, metrics, isShuttingDown }: TransportParts) {
  const { protection, identity, rates } = config;
  const onFault = (err: unknown) => log.error({ err }, 'a transport failed');
  const liveViewers = new LiveViewers({
    sessions: store.sessions,
    everyMs: identity.checkMs,
    // That Redis is away is said by its connections.
    onFault: (error) => void (error instanceof ChatError || onFault(error)),
  });
  const responseStreams = createResponseStreams(config.heartbeatMs, liveViewers, STREAM_FORMATS);
  const documents = trustedDocuments(protection);
  const yoga = createHttpGraphQL(engine, {
    endpoint: GRAPHQL,
    bodyBytes: config.messageBytes,
    graphiql: protection.graphiql,
    plugins: [
      createQueryLimits({
        limits: protection.query,
        sizes: listSizes(config.limits),
        introspection: protection.introspection,
      }),
      useTrustedDocuments(documents),
      responseStreams.plugin,
    ],
  });
  const webSockets = createWebSocketTransport({
    engine,
    parseAndValidate: parserOf(yoga),
    messageBytes: config.messageBytes,
    initTimeoutMs: config.initTimeoutMs,
    heartbeatMs: config.heartbeatMs,
    documentOf: (payload) => documents.documentOf(payload),
    operationsPerConnection: protection.operationsPerConnection,
    idleTimeoutMs: protection.idleTimeoutMs,
    liveViewers,
    pace: { count: rates.operationsPerConnection, windowMs: rates.windowMs },
    onFault,
  });
  const { addressOf, formatError } = engine;
  const frontDoor = new FrontDoor({
    origins: new Origins({ allowed: protection.allowedOrigins, development: !config.production }),
    admission: new Admission({
      connections: protection.connections,
      perAddress: protection.connectionsPerAddress,
    }),
    addressOf,
    onRefused: (reason) => metrics?.rejected(reason),
  });
  const connectionLimit = new ConnectionLimit({ limiter: store.limiter, addressOf, formatError });
  const http = createHttpTransport({
    routes: new Map([
      [GRAPHQL, frontDoor.request(connectionLimit.request((request, response) => yoga(request, response)))],
      ['/', (_request, response) => void response.writeHead(302, { Location: GRAPHQL }).end()],
      ...pageRoutes({
        directory: PAGE,
        settings: {
          'content-length-limit': config.limits.contentLength,
          'name-length-limit': config.limits.nameLength,
        },
      }),
      ...(metrics
        ? ([
            [
              '/metrics',
              metricsRoute({ metrics, token: config.metrics.token, forThisMachine: !config.production }),
            ],
          ] as const)
        : []),
      ...healthRoutes({ checkStore: store.check, isShuttingDown }),
    ]),
    upgrades: new Map([[GRAPHQL, frontDoor.upgrade(connectionLimit.upgrade(webSockets.handleUpgrade))]]),
    headersTimeoutMs: protection.headersTimeoutMs,
    requestTimeoutMs: protection.requestTimeoutMs,
    // An event stream that is read shows life at each heartbeat.
    stallTimeoutMs: Math.max(protection.requestTimeoutMs, 4 * config.heartbeatMs),
    // Room for those who just ask, beside all that stay open.
    connections: protection.connections > 0 ? protection.connections + SPARE_CONNECTIONS : 0,
    onFault,
  });

  return {
    listen: (): Promise<number> => http.listen(config.port, config.host),
    /** How many connections are open, by transport. */
    connections: () => ({ websocket: webSockets.connections, sse: responseStreams.count }),
    /** Completes what is subscribed, then waits for the requests under way. */
    async close(): Promise<{ requestsEnded: Promise<void> }> {
      const requestsEnded = http.close(config.shutdownMs);
      liveViewers.close();
      await Promise.all([webSockets.close(), responseStreams.close()]);
      return { requestsEnded };
    },
  };
}

/** What `createTransports` gives. */
export type Transports = ReturnType<typeof createTransports>;

/** Throws a ConfigError where the manifest cannot be read. */
function trustedDocuments({ trustedDocuments: path, requireTrustedDocuments }: Protection): TrustedDocuments {
  if (path === undefined) return new TrustedDocuments(new Map(), false);
  return orConfigError(() => new TrustedDocuments(readManifest(path), requireTrustedDocuments));
}

/** How many items the schema's lists may have, by the arguments that say so. */
function listSizes({ pageSize, defaultPageSize, roomCount }: Limits): ListSizes {
  return { defaultPageSize, most: { first: pageSize, last: pageSize, limit: roomCount } };
}
