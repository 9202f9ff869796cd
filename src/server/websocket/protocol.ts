/**
 * The server's side of graphql-transport-ws, as two tables of transitions.
 * The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 *
 *   client                         server
 *   connection_init  ──────────▶
 *                    ◀──────────   connection_ack
 *   subscribe        ──────────▶
 *                    ◀──────────   next, any number of times
 *   complete         ──────────▶            the client ends the operation: nothing more is sent for it
 *                    ◀──────────   complete the server ends it after its last result
 *                    ◀──────────   error    the operation could not begin
 *   ping ◀─────────▶ pong                   at any time
 *
 * A connection has one state and each of its operations has one. Errors in an operation end that operation.
 * Only a breach of the protocol closes the connection. Nothing here has side effects: connection.ts and
 * operation.ts do what a step says.
 */
import { CloseCode } from 'graphql-ws';

/** Why a connection is closed: a code of the protocol or of WebSocket itself, and a reason for people. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** How connections are closed. */
export const CLOSINGS = {
  idle: { code: 1000, reason: 'Idle' },
  goingAway: { code: 1001, reason: 'Going away' },
  tryAgainLater: { code: 1013, reason: 'Try again later' },
  malformed: { code: CloseCode.BadRequest, reason: 'Invalid message received' },
  unauthorized: { code: CloseCode.Unauthorized, reason: 'Unauthorized' },
  /** The viewer signed out: there is no session to come back with. */
  sessionEnded: { code: CloseCode.Unauthorized, reason: 'Session ended' },
  forbidden: { code: CloseCode.Forbidden, reason: 'Forbidden' },
  /** A client that gets a new token may come back. */
  tokenExpired: { code: CloseCode.Forbidden, reason: 'Token expired' },
  subprotocol: { code: CloseCode.SubprotocolNotAcceptable, reason: 'Subprotocol not acceptable' },
  initTimeout: {
    code: CloseCode.ConnectionInitialisationTimeout,
    reason: 'Connection initialisation timeout',
  },
  tooManyInits: { code: CloseCode.TooManyInitialisationRequests, reason: 'Too many initialisation requests' },
  fault: { code: CloseCode.InternalServerError, reason: 'Internal server error' },
} as const satisfies Record<string, Closing>;

/** A client began an operation under an id that it is still using. */
export function duplicateId(id: string): Closing {
  return { code: CloseCode.SubscriberAlreadyExists, reason: `Subscriber for ${id} already exists` };
}

/**
 * - awaiting init: the socket is open, and connection_init has not come
 * - initialising: its token is being checked
 * - ready: acknowledged; operations may begin
 * - closing: a close frame was sent, or the socket is gone; nothing is listened to
 */
export type ConnectionState = 'awaiting init' | 'initialising' | 'ready' | 'closing';

/** A message from the client, or the end of the sign-in. */
export type ConnectionEvent =
  | 'connection_init'
  | 'ping'
  | 'pong'
  | 'subscribe'
  | 'complete'
  /** It breaks the format, or only servers may send it. */
  | 'malformed'
  | 'signed in';

/** What a connection does about an event. */
export type ConnectionStep =
  | {
      readonly next: ConnectionState;
      readonly act: 'nothing' | 'sign in' | 'acknowledge' | 'pong' | 'begin operation' | 'end operation';
    }
  | { readonly next: 'closing'; readonly act: 'close'; readonly closing: Closing };

const closeWith = (closing: Closing) => ({ next: 'closing', act: 'close', closing }) as const;

/** For every state of a connection, what each event leads to. */
export const CONNECTION_STEPS: Readonly<
  Record<ConnectionState, Readonly<Record<ConnectionEvent, ConnectionStep>>>
> = {
  'awaiting init': {
    connection_init: { next: 'initialising', act: 'sign in' },
    ping: { next: 'awaiting init', act: 'pong' },
    pong: { next: 'awaiting init', act: 'nothing' },
    subscribe: closeWith(CLOSINGS.unauthorized),
    complete: { next: 'awaiting init', act: 'nothing' },
    malformed: closeWith(CLOSINGS.malformed),
    'signed in': { next: 'awaiting init', act: 'nothing' },
  },
  initialising: {
    connection_init: closeWith(CLOSINGS.tooManyInits),
    ping: { next: 'initialising', act: 'pong' },
    pong: { next: 'initialising', act: 'nothing' },
    subscribe: closeWith(CLOSINGS.unauthorized),
    complete: { next: 'initialising', act: 'nothing' },
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
 * - executing: a query or mutation is being resolved; a mutation first waits for the subscriptions before it
 * - subscribing: the room of a subscription is being opened
 * - live: a subscription delivers
 * - ended: its id is free again; what still comes of it is thrown away
 */
export type OperationState = 'preparing' | 'executing' | 'subscribing' | 'live' | 'ended';

/** What happens to an operation. */
export type OperationEvent =
  /** It cannot be run: over a limit, or the document is invalid. */
  | 'refused'
  /** It is a query or mutation that may run. */
  | 'execute'
  /** It is a subscription that may run. */
  | 'subscribe'
  /** Its only result, or the last one of a subscription that the server ends. */
  | 'result'
  /** The subscription's stream is there. */
  | 'stream'
  /** The client completed it, or the connection is gone. */
  | 'cancelled'
  | 'server is shutting down';

/** What an operation does about an event. */
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

/** For every state of an operation, what each event leads to. An event that is missing cannot happen there. */
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
