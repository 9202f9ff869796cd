/** Creates the engine of a node from the schema, the store, the hub and the log. */
import type { Config } from '#config/config.js';
import type { EventLog } from '#domain/ports/event-log.js';
import { createSubscribe } from '#fanout/delivery/subscribe.js';
import type { Hub } from '#fanout/hub.js';
import { createContexts, type OperationContext } from '#graphql/context.js';
import { watchReads } from '#graphql/reads.js';
import { createSchema } from '#graphql/schema.js';
import type { Store } from '#redis/store.js';
import { addressOf } from '#server/guards/client-address.js';
import { ConnectionIds, type Engine } from '#server/operation/engine.js';
import { createErrorFormatter } from '#server/operation/errors.js';
import { createJwtVerifier } from '#server/operation/jwt.js';
import { createVerifier } from '#server/operation/token-verifier.js';
import type { Log } from '#telemetry/log.js';
import type { Metrics } from '#telemetry/metrics.js';
import type { Tracing } from '#telemetry/tracing.js';

/** Characters of an operation's name to log. The name comes from the client and can be long. */
const LOGGED_LENGTH = 64;

type Parts = Pick<Store, 'directory' | 'sessions' | 'slowModes' | 'limiter'> & {
  eventLog: EventLog;
  hub: Hub;
  log: Log;
  metrics: Metrics | undefined;
  trace: Tracing['run'];
};

/** Creates the engine, which all transports use to execute operations. */
export function createEngine(
  { allowGuests, identity, limits, protection, rates, redisTimeoutMs, tracesEndpoint }: Config,
  parts: Parts,
): Engine {
  const { sessions, log, metrics, trace } = parts;
  // If the platform signs its users in and guests may not send, a name must not be enough to start a session.
  const contexts = createContexts({ ...parts, allowGuests, openSessions: allowGuests || !identity.jwt });
  const formatError = createErrorFormatter(
    (err, errorId) => log.error({ err, errorId }, 'an operation failed'),
    (code) => metrics?.refused(code),
  );
  const jwt = identity.jwt && { ...identity.jwt, nameLength: limits.nameLength, timeoutMs: redisTimeoutMs };
  return {
    schema: createSchema(limits),
    contextOf: (caller, viewer) => contexts.forOperation({ viewer, ...caller }),
    verifier: createVerifier({ sessions, jwt: jwt && createJwtVerifier(jwt) }),
    addressOf: (request) => addressOf(request, rates.trustedProxies),
    subscribe: createSubscribe({
      contexts: {
        shared: contexts.shared,
        viewerKey: (context) => contexts.viewerKey(context as OperationContext),
        client: (context) => context as OperationContext,
        forViewer: (context) => contexts.forViewer(context as OperationContext),
      },
      formatError,
    }),
    formatError,
    watchReads: (context) => watchReads(parts.hub.retractions, context as OperationContext),
    ids: new ConnectionIds(),
    hideSuggestions: !protection.introspection,
    ...(tracesEndpoint !== undefined && {
      around: (kind, transport, run) => trace(kind, { transport }, run),
    }),
    onOperation: (operation) => {
      metrics?.operated(operation);
      if (!log.isLevelEnabled('debug')) return;
      const { name, ms, ...rest } = operation;
      log.debug({ ...rest, name: name?.slice(0, LOGGED_LENGTH), ms: Math.round(ms * 10) / 10 }, 'operation');
    },
  };
}
