/** Creates the transports of a node from its configuration, its engine and its store. */
import { fileURLToPath } from 'node:url';
import { type Config, orConfigError } from '#config/config.js';
import type { Machine } from '#domain/ports/machine.js';
import type { Store } from '#redis/store.js';
import { textBytes } from '#server/documents/response-bytes-rule.js';
import { readManifest, TrustedDocuments } from '#server/documents/trusted-documents.js';
import type { Engine } from '#server/operation/engine.js';
import { createTransports } from '#server/transports.js';
import type { Log } from '#telemetry/log.js';
import type { Metrics } from '#telemetry/metrics.js';
import { refusedOriginLog } from '#telemetry/refused-origin-log.js';

/** How often a refused origin is logged again, in milliseconds. */
const LOG_AGAIN_MS = 10_000;

/** The directory of the built page, as seen from both src/ and dist/. */
const PAGE = fileURLToPath(new URL('../dist/web', import.meta.url));

/** The parts of a node that its transports use. */
export interface TransportParts {
  engine: Engine;
  store: Store;
  log: Log;
  metrics: Metrics | undefined;
  machine: Machine | undefined;
  isShuttingDown(): boolean;
}

/** Creates the transports of a node. They accept no connections before `listen`. */
export function openTransports(config: Config, parts: TransportParts) {
  const { engine, store, log, metrics, machine, isShuttingDown } = parts;
  const { protection, rates, limits, production } = config;
  const { trustedDocuments: manifest } = protection;
  const logOrigin = refusedOriginLog(log, LOG_AGAIN_MS);
  return createTransports({
    ...config,
    ...protection,
    engine,
    machine,
    sessions: store.sessions,
    limiter: store.limiter,
    sessionCheckMs: config.identity.checkMs,
    origins: { allowed: protection.allowedOrigins, development: !production },
    connections: { connections: protection.connections, perAddress: protection.connectionsPerAddress },
    costBudget: { points: rates.costPerAddress, windowMs: rates.windowMs },
    operationRate: { count: rates.operationsPerConnection, windowMs: rates.windowMs },
    documents: orConfigError(
      () =>
        new TrustedDocuments(
          manifest === undefined ? new Map() : readManifest(manifest),
          protection.requireTrustedDocuments,
        ),
    ),
    queryLimits: protection.query,
    listSizes: {
      defaultPageSize: limits.defaultPageSize,
      most: { first: limits.pageSize, last: limits.pageSize, limit: limits.roomCount },
    },
    textBytes: textBytes(limits),
    openAnswers: { answers: protection.answers.perConnection, unreadBytes: protection.unread.perConnection },
    page: {
      directory: PAGE,
      settings: {
        'content-length-limit': limits.contentLength,
        'name-length-limit': limits.nameLength,
        'room-id-length-limit': limits.roomIdLength,
      },
    },
    metrics: metrics && {
      metrics: machine ? { contentType: metrics.contentType, text: () => machine.metrics() } : metrics,
      token: config.metrics.token,
      allowLoopback: !production,
    },
    checkStore: store.check,
    isShuttingDown,
    onRefused: (reason, request) => {
      metrics?.rejected(reason);
      if (reason === 'origin') logOrigin(request);
    },
    onUnread: () => metrics?.rejected('unread'),
    onFault: (err) => log.error({ err }, 'a transport failed'),
  });
}
