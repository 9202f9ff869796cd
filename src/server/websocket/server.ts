/**
 * The WebSocket transport: handles upgrades, keeps the set of open connections, and closes them.
 *
 *   upgrade → Connection (connection.ts) → Operation (operation.ts) → WebSocketSink (sink.ts)
 *
 * protocol.ts describes the protocol. The library ws does the handshake and reads frames.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { AnswerLimit } from '#server/guards/answer-limit.js';
import type { UnreadBytes } from '#server/guards/unread-bytes.js';
import type { OpenAnswerLimits } from '#server/http/open-answers.js';
import { refuseUpgrade } from '#server/http/upgrade.js';
import type { Caller } from '#server/operation/engine.js';
import type { SessionWatch } from '#server/operation/session-watch.js';
import { ChatSocket, Connection } from './connection.js';
import { WebSocketFramings } from './framing.js';
import { Heartbeat } from './heartbeat.js';
import { IdleTimeout } from './idle-timeout.js';
import { InitTimeout } from './init-timeout.js';
import { Preparation, type PrepareOptions } from './prepare.js';
import { CLOSINGS } from './protocol.js';
import type { ConnectionServices } from './services.js';

/**
 * Fragments of one message, and reads that one frame may arrive in. Each fragment keeps the memory that it was read
 * into, up to 64 KB, until its message is complete. ws closes the socket with 1008 if there are more.
 */
const MAX_FRAGMENTS = 32;
const MAX_BUFFERED_CHUNKS = 1_024;

export interface WebSocketOptions extends PrepareOptions {
  /** Closes connections when the viewer's session or token ends. */
  sessionWatch: SessionWatch;
  /** How long a connection may be open without an operation, in milliseconds. 0 means forever. */
  idleTimeoutMs: number;
  /** What one connection may have under way and unread. */
  openAnswers: OpenAnswerLimits;
  answerLimit: AnswerLimit;
  unreadBytes: UnreadBytes;
  /** The maximum size of a message from a client, in bytes. */
  messageBytes: number;
  /** How long a client may take to send connection_init, in milliseconds. */
  initTimeoutMs: number;
  /** Milliseconds between pings. A connection that has not answered by the next ping is terminated. */
  heartbeatMs: number;
  /** Reports a bug outside of any operation. Must not throw. */
  onFault(error: unknown): void;
}

export interface WebSocketTransport {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The number of open connections. */
  readonly connections: number;
  /**
   * Completes all subscriptions and closes all connections with 1001. Terminates those that do not answer.
   */
  close(): Promise<void>;
}

export function createWebSocketTransport(options: WebSocketOptions): WebSocketTransport {
  const { engine, sessionWatch, onFault } = options;
  const connections = new Set<Connection>();
  const heartbeat = new Heartbeat(connections, options.heartbeatMs, onFault);
  const idleTimeout = new IdleTimeout(connections, options.idleTimeoutMs);
  const initTimeout = new InitTimeout(options.initTimeoutMs);
  let isClosing = false;
  const services: ConnectionServices = {
    engine,
    preparation: new Preparation(options),
    framings: new WebSocketFramings(),
    initTimeout,
    sessionWatch,
    openAnswers: options.openAnswers,
    answerLimit: options.answerLimit,
    unreadBytes: options.unreadBytes,
    costs: options.costs,
    onFault,
  };
  const server = new WebSocketServer<typeof ChatSocket>({
    WebSocket: ChatSocket,
    noServer: true,
    maxPayload: options.messageBytes,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_BUFFERED_CHUNKS,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols,
  });

  function open(webSocket: ChatSocket, socket: Duplex, caller: Caller): void {
    const connection = new Connection(webSocket, socket, caller, services);
    webSocket.connection = connection;
    connections.add(connection);
    webSocket.on('message', deliver).on('pong', answered).on('close', closed).on('error', ignoreError);
    if (webSocket.protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) initTimeout.watch(connection);
    else connection.close(CLOSINGS.subprotocol);
  }

  // Listeners that all connections share.
  function answered(this: WebSocket, data: Buffer): void {
    const { connection } = this as ChatSocket;
    if (connection !== undefined && heartbeat.isAnswer(data)) connection.isSilent = false;
  }

  function closed(this: WebSocket): void {
    const { connection } = this as ChatSocket;
    if (connection === undefined) return;
    connections.delete(connection);
    initTimeout.settle(connection);
    sessionWatch.remove(connection);
    connection.closed();
  }

  return {
    handleUpgrade: (request, socket, head) => {
      if (isClosing) return refuseUpgrade(socket, '503 Service Unavailable');
      // Do not keep the request itself, which uses much more memory.
      const caller = { connectionId: engine.ids.next(), address: engine.addressOf(request) };
      server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, socket, caller));
    },
    get connections() {
      return connections.size;
    },
    close: async () => {
      isClosing = true;
      heartbeat.stop();
      initTimeout.stop();
      idleTimeout.stop();
      await Promise.all([...connections].map((connection) => connection.goAway()));
    },
  };
}

function deliver(this: WebSocket, data: RawData): void {
  (this as ChatSocket).connection?.deliver(data);
}

/** A frame was malformed or too long. ws closes the socket with the appropriate code. */
function ignoreError(): void {
  // 'close' follows.
}
