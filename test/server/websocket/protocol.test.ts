/** All transitions of the protocol, written out. Any change to protocol.ts must be repeated here. */
import { describe, expect, test } from 'vitest';
import {
  CLOSINGS,
  CONNECTION_STEPS,
  type ConnectionEvent,
  type ConnectionState,
  duplicateId,
  OPERATION_STEPS,
  type OperationEvent,
  type OperationState,
} from '#server/websocket/protocol.js';

type Row<State, Event> = [state: State, event: Event, next: State, act: string];

describe('a connection', () => {
  const rows: Row<ConnectionState, ConnectionEvent>[] = [
    ['awaiting init', 'connection_init', 'initializing', 'sign in'],
    ['awaiting init', 'ping', 'awaiting init', 'pong'],
    ['awaiting init', 'pong', 'awaiting init', 'nothing'],
    ['awaiting init', 'subscribe', 'closing', 'close 4401'],
    ['awaiting init', 'complete', 'awaiting init', 'nothing'],
    ['awaiting init', 'malformed', 'closing', 'close 4400'],
    ['awaiting init', 'signed in', 'awaiting init', 'nothing'],
    ['initializing', 'connection_init', 'closing', 'close 4429'],
    ['initializing', 'ping', 'initializing', 'pong'],
    ['initializing', 'pong', 'initializing', 'nothing'],
    ['initializing', 'subscribe', 'closing', 'close 4401'],
    ['initializing', 'complete', 'initializing', 'nothing'],
    ['initializing', 'malformed', 'closing', 'close 4400'],
    ['initializing', 'signed in', 'ready', 'acknowledge'],
    ['ready', 'connection_init', 'closing', 'close 4429'],
    ['ready', 'ping', 'ready', 'pong'],
    ['ready', 'pong', 'ready', 'nothing'],
    ['ready', 'subscribe', 'ready', 'begin operation'],
    ['ready', 'complete', 'ready', 'end operation'],
    ['ready', 'malformed', 'closing', 'close 4400'],
    ['ready', 'signed in', 'ready', 'nothing'],
    ['closing', 'connection_init', 'closing', 'nothing'],
    ['closing', 'ping', 'closing', 'nothing'],
    ['closing', 'pong', 'closing', 'nothing'],
    ['closing', 'subscribe', 'closing', 'nothing'],
    ['closing', 'complete', 'closing', 'nothing'],
    ['closing', 'malformed', 'closing', 'nothing'],
    ['closing', 'signed in', 'closing', 'nothing'],
  ];

  test.each(rows)('that is %s, on %s: becomes %s and does: %s', (state, event, next, act) => {
    const step = CONNECTION_STEPS[state][event];
    const done = step.act === 'close' ? `close ${step.closing.code}` : step.act;
    expect([step.next, done]).toEqual([next, act]);
  });

  test('has no other transitions', () => {
    const known = Object.entries(CONNECTION_STEPS).flatMap(([state, steps]) =>
      Object.keys(steps).map((event) => `${state} ${event}`),
    );
    expect(known.sort()).toEqual(rows.map(([state, event]) => `${state} ${event}`).sort());
  });
});

describe('an operation', () => {
  const rows: Row<OperationState, OperationEvent>[] = [
    ['preparing', 'refused', 'ended', 'send errors'],
    ['preparing', 'execute', 'executing', 'nothing'],
    ['preparing', 'subscribe', 'subscribing', 'nothing'],
    ['preparing', 'cancelled', 'ended', 'nothing'],
    ['preparing', 'server is shutting down', 'preparing', 'nothing'],
    ['executing', 'result', 'ended', 'send result and complete'],
    ['executing', 'cancelled', 'ended', 'nothing'],
    ['executing', 'server is shutting down', 'executing', 'nothing'],
    ['subscribing', 'result', 'ended', 'send result and complete'],
    ['subscribing', 'stream', 'live', 'attach stream'],
    ['subscribing', 'cancelled', 'ended', 'nothing'],
    ['subscribing', 'server is shutting down', 'subscribing', 'nothing'],
    ['live', 'result', 'ended', 'send result and complete'],
    ['live', 'cancelled', 'ended', 'drop stream'],
    ['live', 'server is shutting down', 'ended', 'drop stream and send complete'],
    ['ended', 'result', 'ended', 'nothing'],
    ['ended', 'stream', 'ended', 'drop stream'],
    ['ended', 'cancelled', 'ended', 'nothing'],
    ['ended', 'server is shutting down', 'ended', 'nothing'],
  ];

  test.each(rows)('that is %s, on %s: becomes %s and does: %s', (state, event, next, act) => {
    expect(OPERATION_STEPS[state][event]).toEqual({ next, act });
  });

  test('has no other transitions', () => {
    const known = Object.entries(OPERATION_STEPS).flatMap(([state, steps]) =>
      Object.keys(steps).map((event) => `${state} ${event}`),
    );
    expect(known.sort()).toEqual(rows.map(([state, event]) => `${state} ${event}`).sort());
  });
});

test.each([
  [CLOSINGS.idle, 1000, 'Idle'],
  [CLOSINGS.goingAway, 1001, 'Going away'],
  [CLOSINGS.tryAgainLater, 1013, 'Try again later'],
  [CLOSINGS.malformed, 4400, 'Invalid message received'],
  [CLOSINGS.unauthorized, 4401, 'Unauthorized'],
  [CLOSINGS.sessionEnded, 4401, 'Session ended'],
  [CLOSINGS.forbidden, 4403, 'Forbidden'],
  [CLOSINGS.tokenExpired, 4403, 'Token expired'],
  [CLOSINGS.subprotocol, 4406, 'Subprotocol not acceptable'],
  [CLOSINGS.initTimeout, 4408, 'Connection initialisation timeout'],
  [duplicateId('a'), 4409, 'Subscriber for a already exists'],
  [CLOSINGS.tooManyInits, 4429, 'Too many initialisation requests'],
  [CLOSINGS.fault, 4500, 'Internal server error'],
])('closes with the code and reason that clients expect: %j', (closing, code, reason) => {
  expect(closing).toEqual({ code, reason });
});
