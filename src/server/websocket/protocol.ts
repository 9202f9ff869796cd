/**
 * The server side of graphql-transport-ws, as two state transition tables.
 * The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 *
 *   client                         server
 *   connection_init  ──────────▶
 *                    ◀──────────   connection_ack
 *   subscribe        ──────────▶
 *                    ◀──────────   next, any number of times
 *   complete         ──────────▶            the client ends the operation, and nothing more is sent for it
 *                    ◀──────────   complete the server ends it after its last result
 *                    ◀──────────   error    the operation was refused
 *   ping ◀─────────▶ pong                   at any time
 *
 * A connection has a state, and so does each of its operations. An error in an operation ends only that
 * operation. A protocol violation closes the connection. This file has no side effects: connection.ts and
 * operation.ts perform the actions.
 */
import { CloseCode } from 'graphql-ws';

/** A close code of the protocol or of WebSocket itself, with a reason for people to read. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** All ways in which the server closes a connection, except `duplicateId`. */
export const CLOSINGS = {
  idle: { code: 1000, reason: 'Idle' },
  goingAway: { code: 1001, reason: 'Going away' },
  tryAgainLater: { code: 1013, reason: 'Try again later' },
  malformed: { code: CloseCode.BadRequest, reason: 'Invalid message received' },
  unauthorized: { code: CloseCode.Unauthorized, reason: 'Unauthorized' },
  /** The session is gone, so the client cannot reconnect with it. */
  sessionEnded: { code: CloseCode.Unauthorized, reason: 'Session ended' },
  forbidden: { code: CloseCode.Forbidden, reason: 'Forbidden' },
  /** The client may reconnect with a new token. */
  tokenExpired: { code: CloseCode.Forbidden, reason: 'Token expired' },
  subprotocol: { code: CloseCode.SubprotocolNotAcceptable, reason: 'Subprotocol not acceptable' },
  initTimeout: {
    code: CloseCode.ConnectionInitialisationTimeout,
    reason: 'Connection initialisation timeout',
  },
  tooManyInits: { code: CloseCode.TooManyInitialisationRequests, reason: 'Too many initialisation requests' },
  fault: { code: CloseCode.InternalServerError, reason: 'Internal server error' },
} as const satisfies Record<string, Closing>;

/** The client began an operation with an id that is still in use. */
export function duplicateId(id: string): Closing {
  return { code: CloseCode.SubscriberAlreadyExists, reason: `Subscriber for ${id} already exists` };
}

/**
 * - awaiting init: the socket is open, but connection_init has not arrived
 * - initializing: the token is being verified
 * - ready: acknowledged, so operations may begin
 * - closing: a close frame was sent or the socket has closed; messages are ignored
 */
export type ConnectionState = 'awaiting init' | 'initializing' | 'ready' | 'closing';

/** A message from the client, or the completion of its sign-in. */
export type ConnectionEvent =
  | 'connection_init'
  | 'ping'
  | 'pong'
  | 'subscribe'
  | 'complete'
  /** A message in the wrong format, or one that only servers may send. */
  | 'malformed'
  | 'signed in';

/** The reaction of a connection to an event. */
export type ConnectionStep =
  | {
      readonly next: ConnectionState;
      readonly act: 'nothing' | 'sign in' | 'acknowledge' | 'pong' | 'begin operation' | 'end operation';
    }
  | { readonly next: 'closing'; readonly act: 'close'; readonly closing: Closing };

const closeWith = (closing: Closing) => ({ next: 'closing', act: 'close', closing }) as const;

/** The reaction to each event in each state of a connection. */
export const CONNECTION_STEPS: Readonly<
  Record<ConnectionState, Readonly<Record<ConnectionEvent, ConnectionStep>>>
> = {
  'awaiting init': {
    connection_init: { next: 'initializing', act: 'sign in' },
    ping: { next: 'awaiting init', act: 'pong' },
    pong: { next: 'awaiting init', act: 'nothing' },
    subscribe: closeWith(CLOSINGS.unauthorized),
    complete: { next: 'awaiting init', act: 'nothing' },
    malformed: closeWith(CLOSINGS.malformed),
    'signed in': { next: 'awaiting init', act: 'nothing' },
  },
  initializing: {
    connection_init: closeWith(CLOSINGS.tooManyInits),
    ping: { next: 'initializing', act: 'pong' },
    pong: { next: 'initializing', act: 'nothing' },
    subscribe: closeWith(CLOSINGS.unauthorized),
    complete: { next: 'initializing', act: 'nothing' },
    malformed: closeWith(CLOSINGS.malformed),
    'signed in': { next: 'ready', act: 'acknowledge' },
  },
  ready: {
    connection_init: closeWith(CLOSINGS.tooManyInits),
    ping: { next: 'ready', act: 'pong' },
    pong: { next: 'ready', act: 'nothing' },
    subscribe: { next: 'ready', act: 'begin operation' },
    complete: { next: 'ready', act: 'end operation' },
    malformed: closeWith(CLOSINGS.malformed),
    'signed in': { next: 'ready', act: 'nothing' },
  },
  closing: {
    connection_init: { next: 'closing', act: 'nothing' },
    ping: { next: 'closing', act: 'nothing' },
    pong: { next: 'closing', act: 'nothing' },
    subscribe: { next: 'closing', act: 'nothing' },
    complete: { next: 'closing', act: 'nothing' },
    malformed: { next: 'closing', act: 'nothing' },
    'signed in': { next: 'closing', act: 'nothing' },
  },
};

/**
 * - preparing: limits and the document are being checked
 * - executing: a query or mutation is running; a mutation first waits for the subscriptions before it
 * - subscribing: the room of a subscription is being opened
 * - live: a subscription is delivering
 * - ended: the id can be reused, and results that still arrive are discarded
 */
export type OperationState = 'preparing' | 'executing' | 'subscribing' | 'live' | 'ended';

/** An event in the life of an operation. */
export type OperationEvent =
  /** The operation may not run: it exceeds a limit, or the document is invalid. */
  | 'refused'
  /** A query or mutation may run. */
  | 'execute'
  /** A subscription may run. */
  | 'subscribe'
  /** The result of a query or mutation, or the last one of a subscription that the server ends. */
  | 'result'
  /** The stream of the subscription has been created. */
  | 'stream'
  /** The client completed the operation, or the connection has closed. */
  | 'cancelled'
  | 'server is shutting down';

/** The reaction of an operation to an event. */
export interface OperationStep {
  readonly next: OperationState;
  readonly act:
    | 'nothing'
    | 'send errors'
    | 'send result and complete'
    | 'attach stream'
    | 'drop stream'
    | 'drop stream and send complete';
}

/** The reaction to each event in each state of an operation. A missing event cannot happen in that state. */
export const OPERATION_STEPS: Readonly<
  Record<OperationState, Readonly<Partial<Record<OperationEvent, OperationStep>>>>
> = {
  preparing: {
    refused: { next: 'ended', act: 'send errors' },
    execute: { next: 'executing', act: 'nothing' },
    subscribe: { next: 'subscribing', act: 'nothing' },
    cancelled: { next: 'ended', act: 'nothing' },
    'server is shutting down': { next: 'preparing', act: 'nothing' },
  },
  executing: {
    result: { next: 'ended', act: 'send result and complete' },
    cancelled: { next: 'ended', act: 'nothing' },
    'server is shutting down': { next: 'executing', act: 'nothing' },
  },
  subscribing: {
    result: { next: 'ended', act: 'send result and complete' },
    stream: { next: 'live', act: 'attach stream' },
    cancelled: { next: 'ended', act: 'nothing' },
    'server is shutting down': { next: 'subscribing', act: 'nothing' },
  },
  live: {
    result: { next: 'ended', act: 'send result and complete' },
    cancelled: { next: 'ended', act: 'drop stream' },
    'server is shutting down': { next: 'ended', act: 'drop stream and send complete' },
  },
  ended: {
    result: { next: 'ended', act: 'nothing' },
    stream: { next: 'ended', act: 'drop stream' },
    cancelled: { next: 'ended', act: 'nothing' },
    'server is shutting down': { next: 'ended', act: 'nothing' },
  },
};
