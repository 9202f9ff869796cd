/**
 * GraphQL over WebSocket: graphql-transport-ws, as graphql-ws speaks it.
 *
 *   upgrade → connection_init → connection_ack
 *           → subscribe → (next)* → complete, or error
 *           → ping ↔ pong at any time; complete from either side ends an operation
 *
 * graphql-ws keeps the protocol. The `next` messages of a shared subscription do not pass through it: a
 * sink is attached, and writes ready frames (websocket-framing.ts). A fault in one operation is an error of
 * that operation; the socket stays.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError, getOperationAST } from 'graphql';
import { handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { ChatError } from '#domain/errors.js';
import type { RateLimit } from '#domain/ports/limiter.js';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import { Documents } from '#server/documents/document-cache.js';
import { refuseUpgrade } from '#server/http/upgrade.js';
import type { Caller } from '#server/operation/engine.js';
import { type Engine, executeFormatted, runOperation } from '#server/operation/engine.js';
import type { SessionWatch } from '#server/operation/session-watch.js';
import { ChatSocket, type ProtocolContext, Session } from './connection.js';
import { WebSocketFramings } from './framing.js';
import { Heartbeat } from './heartbeat.js';
import { IdleTimeout } from './idle-timeout.js';
import { InitTimeout } from './init-timeout.js';
import { signIn } from './sign-in.js';
import { WebSocketSink } from './sink.js';

export interface WebSocketOptions {
  engine: Engine;
  /** Parses and validates as HTTP does, with the same rules. Throws a GraphQLError for a syntax error. */
  parseAndValidate(query: string): { document: ExecutionArgs['document']; errors: readonly GraphQLError[] };
  /** The document that an operation asks for, by its text or its id; throws where it may not. */
  documentOf(payload: SubscribePayload): unknown;
  /** Ends sockets whose session or token has ended. */
  sessionWatch: SessionWatch;
  /** How fast one socket may start operations. */
  operationRate: RateLimit;
  /** Operations that one socket may have open at once; 0 is no limit. */
  operationsPerConnection: number;
  /** How long a socket may stay without an operation, in milliseconds; 0 is for ever. */
  idleTimeoutMs: number;
  /** Bytes in one message from a client. */
  messageBytes: number;
  /** How long a client may take to send connection_init, in milliseconds. */
  initTimeoutMs: number;
  /** How often a socket is pinged; one that has not answered by the next time is ended. Milliseconds. */
  heartbeatMs: number;
  /** A fault outside any operation: the socket is closed. */
  onFault(error: unknown): void;
}

export interface WebSocketTransport {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly connections: number;
  /** Completes every subscription, closes every socket with 1001, and ends those that do not answer. */
  close(): Promise<void>;
}

/** The arguments of an operation, and what it has to do with those that are on their way. */
interface SocketExecutionArgs extends ExecutionArgs {
  /** A mutation begins when this resolves. */
  after?: Promise<unknown> | undefined;
  /** A subscription tells its session that it is live, or has failed. */
  joined?: (() => void) | undefined;
}

export function createWebSocketTransport(options: WebSocketOptions): WebSocketTransport {
  const { engine } = options;
  const documents = new Documents();
  const framings = new WebSocketFramings();
  const sessions = new Set<Session>();
  const heartbeat = new Heartbeat(sessions, options.heartbeatMs, options.onFault);
  const initTimeout = new InitTimeout(options.initTimeoutMs);
  let isClosing = false;
  const idleTimeout = new IdleTimeout(sessions, options.idleTimeoutMs);
  const server = new WebSocketServer<typeof ChatSocket>({
    WebSocket: ChatSocket,
    noServer: true,
    maxPayload: options.messageBytes,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols,
  });

  const protocol = makeServer<Record<string, unknown>, Session>({
    // One timer for all sockets (init-timeout.ts) in place of one for each.
    connectionInitWaitTimeout: 0,
    onConnect: (context) => {
      initTimeout.settle(context.extra);
      return signIn(context, options);
    },
    onSubscribe: prepare,
    execute: async (args: SocketExecutionArgs) => {
      if (args.after) await args.after;
      return executeFormatted(engine, args);
    },
    subscribe: async (args: SocketExecutionArgs) => {
      try {
        return await runOperation(engine, 'websocket', args, () => engine.subscribe(args));
      } catch (error) {
        return { errors: [engine.formatError(error)] };
      } finally {
        args.joined?.();
      }
    },
    onOperation: takeOver,
  });

  /** Never throws: graphql-ws would close the whole socket for it. */
  function prepare(
    context: ProtocolContext,
    id: string,
    payload: SubscribePayload,
  ): SocketExecutionArgs | GraphQLError[] {
    const { extra: session } = context;
    session.protocolContext = context;
    session.begun += 1;
    try {
      session.operationRate.take(options.operationRate);
      refuseTooMany(context);
      const query = options.documentOf(payload);
      if (typeof query !== 'string') throw new GraphQLError('Must provide query string.');
      const { document, errors } = documents.prepare(query, options.parseAndValidate);
      if (errors.length > 0) return [...errors];
      const operation = getOperationAST(document, payload.operationName);
      if (operation == null) {
        throw new GraphQLError(
          'The document holds no operation of that name, or several and no name was given.',
        );
      }
      const args: SocketExecutionArgs = {
        schema: engine.schema,
        document,
        operationName: payload.operationName,
        variableValues: payload.variables,
        contextValue: engine.contextOf(session.caller, session.viewer),
        rootValue: undefined,
      };
      if (operation.operation === 'mutation') args.after = session.joining.soFar();
      if (operation.operation === 'subscription') {
        session.joining.begin(id);
        args.joined = () => {
          args.joined = undefined;
          session.joining.end(id);
        };
      }
      return args;
    } catch (error) {
      return [engine.formatError(error)];
    }
  }

  /** Another operation on a connection that has many: those that it has go on. */
  function refuseTooMany({ subscriptions }: ProtocolContext): void {
    const limit = options.operationsPerConnection;
    if (limit === 0 || Object.keys(subscriptions).length <= limit) return;
    const message = `A connection is limited to ${limit} operations at once: complete one first.`;
    throw new ChatError('RATE_LIMITED', message, { limit, retryAfterMs: 1_000 });
  }

  /** A shared subscription is served by its session, and no longer by graphql-ws. */
  function takeOver(
    { extra: session, subscriptions }: ProtocolContext,
    id: string,
    _payload: SubscribePayload,
    _args: ExecutionArgs,
    result: unknown,
  ): AsyncIterable<never> | undefined {
    // Where the client has completed it meanwhile, graphql-ws returns the stream.
    if (!(result instanceof SharedStream) || !(id in subscriptions)) return undefined;
    return session.takeOver(id, result, new WebSocketSink(session, id, framings));
  }

  function open(webSocket: ChatSocket, socket: Duplex, caller: Caller): void {
    const session = new Session(webSocket, socket, caller, options.onFault);
    webSocket.session = session;
    sessions.add(session);
    initTimeout.watch(session);
    session.closed = protocol.opened(session, session);
    webSocket.on('message', deliver).on('pong', showLife).on('close', closed).on('error', ignoreError);
  }

  // Listeners that all sockets share.
  function showLife(this: WebSocket, data: Buffer): void {
    const { session } = this as ChatSocket;
    if (session !== undefined && heartbeat.isAnswer(data)) session.isSilent = false;
  }

  function closed(this: WebSocket, code: number, reason: Buffer): void {
    const { session } = this as ChatSocket;
    if (session === undefined) return;
    sessions.delete(session);
    initTimeout.settle(session);
    options.sessionWatch.remove(session);
    session.closed?.(code, String(reason)).catch(options.onFault);
  }

  return {
    handleUpgrade: (request, socket, head) => {
      if (isClosing) return refuseUpgrade(socket, '503 Service Unavailable');
      const caller = { connectionId: engine.ids.next(), address: engine.addressOf(request) };
      server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, socket, caller));
    },
    get connections() {
      return sessions.size;
    },
    close: async () => {
      isClosing = true;
      heartbeat.stop();
      initTimeout.stop();
      idleTimeout.stop();
      await Promise.all([...sessions].map((session) => session.goAway()));
    },
  };
}

function deliver(this: WebSocket, data: RawData): void {
  (this as ChatSocket).session?.deliver(data);
}

/** A frame that breaks the protocol, or is too long: ws closes the socket by itself, with the right code. */
function ignoreError(): void {
  // 'close' follows.
}
