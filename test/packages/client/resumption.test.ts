import type { FormattedExecutionResult } from 'graphql-ws';
import { DocumentError, type ResumeEvent, type ResumingOptions, resumingClient } from 'streamly-chat-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FOLLOW } from './fixture.js';
import { messageAdded, refusal, refuse, ScriptedClient } from './scripted-client.js';

beforeEach(() => {
  vi.useFakeTimers();
  // The longest wait there can be, so that waits can be told.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function subscribed(
  variables: Record<string, unknown> = {},
  options: ResumingOptions = {},
  query: string = FOLLOW,
) {
  const script = new ScriptedClient();
  const client = resumingClient(script, options);
  const results: FormattedExecutionResult[] = [];
  const endings: unknown[] = [];
  const sink = {
    next: (result: FormattedExecutionResult) => void results.push(result),
    error: (error: unknown) => void endings.push(error),
    complete: () => void endings.push('complete'),
  };
  const leave = client.subscribe({ query, variables: { roomId: 'lobby', ...variables } }, sink);
  const ids = () => results.map(({ data }) => (data!.messageAdded as { id: string }).id);
  return { script, client, results, ids, endings, leave };
}

/** What is left behind in the client and in the clock. */
function leftBehind({ script }: { script: ScriptedClient }) {
  return { operations: script.underWay.length, listeners: script.listeners, timers: vi.getTimerCount() };
}
const NOTHING = { operations: 0, listeners: 0, timers: 0 };

describe('results', () => {
  test('are handed on once and in order, whatever comes', () => {
    const { script, ids } = subscribed({ after: '5-0' });
    for (const id of ['5-0', '6-0', '6-0', '4-0', '10-0', '9-0', '10-1', '6-0']) {
      script.last.next(messageAdded(id));
    }
    expect(ids()).toEqual(['6-0', '10-0', '10-1']);
  });

  test('that failed are handed on as they are, and the subscription stays', () => {
    const { script, results } = subscribed({ after: '5-0' });
    const failed = [{ data: null, errors: [{ message: 'It failed.' }] }, refusal('INTERNAL_SERVER_ERROR')];
    for (const result of failed) script.last.next(result);
    script.last.next(messageAdded('6-0'));
    expect(results).toEqual([...failed, messageAdded('6-0')]);
  });

  test('that its sink cannot take end it, with what the sink threw', async () => {
    const script = new ScriptedClient();
    const errors: unknown[] = [];
    const fault = new Error('a fault of the sink');
    resumingClient(script).subscribe(
      { query: FOLLOW, variables: { after: '1-0' } },
      {
        next: () => {
          throw fault;
        },
        error: (error) => errors.push(error),
        complete: () => undefined,
      },
    );
    script.last.next(messageAdded('2-0'));
    await vi.runAllTimersAsync();
    expect(errors).toEqual([fault]);
    expect(leftBehind({ script })).toEqual(NOTHING);
  });
});

describe('a subscription that is too large for the server', () => {
  const tooLarge = [expect.objectContaining({ name: 'MessageTooLargeError' })];
  const tooBig = { code: 1009, reason: 'Message too big' };

  test('fails before it is sent', async () => {
    const { script, endings } = subscribed(
      { after: '5-0', other: 'x'.repeat(2_000) },
      { maxMessageBytes: 2_000 },
    );
    await vi.runAllTimersAsync();
    expect(endings).toEqual(tooLarge);
    expect(script.operations).toHaveLength(0);
  });

  test('fails for good when the server closes the connection because of it, and the others go on', async () => {
    const { script, client, endings } = subscribed({ after: '5-0', other: 'x'.repeat(2_000) });
    const small: unknown[] = [];
    client.subscribe(
      { query: FOLLOW, variables: { roomId: 'lobby', after: '5-0' } },
      { next: () => undefined, error: (error) => small.push(error), complete: () => undefined },
    );
    for (const operation of [...script.operations].reverse()) operation.error(tooBig);
    await vi.runAllTimersAsync();
    expect(endings).toEqual(tooLarge);
    expect(small).toEqual([]);
    expect(script.operations).toHaveLength(3);
    expect(script.underWay).toHaveLength(1);
  });

  test('is not blamed if it had an answer already', async () => {
    const { script, endings } = subscribed({ after: '5-0', other: 'x'.repeat(2_000) });
    script.last.next(messageAdded('6-0'));
    script.last.error(tooBig);
    await vi.runAllTimersAsync();
    expect(endings).toEqual([]);
    expect(script.operations).toHaveLength(2);
  });
});

describe('the variables that are sent', () => {
  test('are those that were given, until there is a cursor', () => {
    const { script } = subscribed({ last: 20, other: 'kept' });
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', last: 20, other: 'kept' });
    script.last.next(messageAdded('6-0'));
    script.last.complete();
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: '6-0', last: null, other: 'kept' });
  });

  test('leave a default to the server, and do not override it with null', () => {
    const query = FOLLOW.replace('$last: Int', '$last: Int = 20');
    const { script } = subscribed({}, {}, query);
    expect(script.operations).toHaveLength(1);
    expect(script.last.sent).toEqual({ query, variables: { roomId: 'lobby' } });
    script.last.next(messageAdded('6-0'));
    script.last.complete();
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: '6-0', last: null });
  });

  test('begin at the default of the cursor', () => {
    const { script, ids } = subscribed({}, {}, FOLLOW.replace('$after: ID', '$after: ID = "5-0"'));
    expect(script.last.sent.variables).toMatchObject({ after: '5-0' });
    for (const id of ['5-0', '6-0']) script.last.next(messageAdded(id));
    expect(ids()).toEqual(['6-0']);
  });

  test('are of the cursor also where the client sends them again by itself', () => {
    const script = new ScriptedClient();
    let payload: unknown;
    const subscribe = script.subscribe;
    script.subscribe = (given, sink) => {
      payload = given;
      return subscribe(given, sink);
    };
    resumingClient(script).subscribe(
      { query: FOLLOW, variables: { roomId: 'lobby', last: 1 } },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
    );
    script.last.next(messageAdded('7-0'));
    expect(JSON.parse(JSON.stringify(payload)).variables).toEqual({
      roomId: 'lobby',
      after: '7-0',
      last: null,
    });
  });

  test('name the cursor where both are given: what is known, else the newest', () => {
    expect(subscribed({ after: '5-0', last: 20 }).script.last.sent.variables).toMatchObject({
      after: '5-0',
      last: null,
    });
    expect(subscribed({ after: null, last: 20 }).script.last.sent.variables).toMatchObject({
      after: null,
      last: 20,
    });
  });

  test('ask for the newest after CURSOR_EXPIRED, and then for what comes after those', () => {
    const { script, ids } = subscribed({ after: '5-0' }, { lastAfterGap: 7 });
    refuse(script.last, 'CURSOR_EXPIRED');
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: null, last: 7 });
    // The clock of the store went back: what is new has an older id.
    script.last.next(messageAdded('3-0'));
    script.last.complete();
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: '3-0', last: null });
    expect(ids()).toEqual(['3-0']);
  });

  test('give nothing again that was seen before CURSOR_EXPIRED', () => {
    const { script, ids } = subscribed({ after: '5-0' });
    for (const id of ['6-0', '7-0', '8-0']) script.last.next(messageAdded(id));
    refuse(script.last, 'CURSOR_EXPIRED');
    vi.runAllTimers();
    for (const id of ['6-0', '7-0', '9-0']) script.last.next(messageAdded(id));
    expect(ids()).toEqual(['6-0', '7-0', '8-0', '9-0']);
  });
});

describe('a try that failed', () => {
  test.each([
    ['the server completed it', (script: ScriptedClient) => script.last.complete()],
    ['SERVICE_UNAVAILABLE', (script: ScriptedClient) => refuse(script.last, 'SERVICE_UNAVAILABLE')],
    ['a fault of the server', (script: ScriptedClient) => refuse(script.last, 'INTERNAL_SERVER_ERROR')],
    [
      'errors by the protocol',
      (script: ScriptedClient) => script.last.error(refusal('SERVICE_UNAVAILABLE').errors),
    ],
    ['the socket closed', (script: ScriptedClient) => script.last.error({ code: 1006, reason: '' })],
    ['no socket opened', (script: ScriptedClient) => script.last.error(new Event('error'))],
  ])('is repeated: %s', (_what, fail) => {
    const { script, endings } = subscribed({ after: '5-0' });
    fail(script);
    expect(leftBehind({ script })).toMatchObject({ timers: 1 });
    vi.runAllTimers();
    expect(script.operations).toHaveLength(2);
    expect(endings).toEqual([]);
  });

  test('is repeated after a wait that doubles up to a cap, and begins anew with a result', () => {
    const { script } = subscribed({ after: '5-0' }, { retryBaseMs: 100, retryCapMs: 1_000 });
    const wait = () => {
      const before = Date.now();
      refuse(script.last, 'SERVICE_UNAVAILABLE');
      vi.runAllTimers();
      return Date.now() - before;
    };
    expect([wait(), wait(), wait(), wait(), wait(), wait()]).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    script.last.next(messageAdded('6-0'));
    expect(wait()).toBe(100);
    expect(wait()).toBe(200);
    // Nothing was said in the room, but the subscription was there for long.
    vi.advanceTimersByTime(1_000);
    expect(wait()).toBe(100);
  });

  test('is repeated no sooner than the server says', () => {
    const { script } = subscribed({ after: '5-0' }, { retryBaseMs: 100 });
    refuse(script.last, 'RATE_LIMITED', { retryAfterMs: 5_000 });
    vi.advanceTimersByTime(5_000);
    expect(script.operations).toHaveLength(1);
    vi.advanceTimersByTime(100);
    expect(script.operations).toHaveLength(2);
  });

  test('waits a random part of that', () => {
    vi.mocked(Math.random).mockReturnValue(0.25);
    const { script } = subscribed({ after: '5-0' }, { retryBaseMs: 100 });
    script.last.complete();
    vi.advanceTimersByTime(25);
    expect(script.operations).toHaveLength(2);
  });

  test('is repeated at once when the browser is online again', () => {
    const browser = new EventTarget();
    vi.stubGlobal('addEventListener', browser.addEventListener.bind(browser));
    vi.stubGlobal('removeEventListener', browser.removeEventListener.bind(browser));
    try {
      const { script } = subscribed({ after: '5-0' });
      script.last.complete();
      browser.dispatchEvent(new Event('online'));
      browser.dispatchEvent(new Event('online'));
      expect(script.operations).toHaveLength(2);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test.each(['BAD_USER_INPUT', 'FORBIDDEN', 'UNAUTHENTICATED', 'GRAPHQL_VALIDATION_FAILED'])(
    'is not repeated after %s: the sink gets the errors as the server gave them',
    async (code) => {
      const byResult = subscribed({ after: '5-0' });
      refuse(byResult.script.last, code);
      await vi.runAllTimersAsync();
      expect(byResult.results).toEqual([refusal(code)]);
      expect(byResult.endings).toEqual(['complete']);
      expect(leftBehind(byResult)).toEqual(NOTHING);

      const byProtocol = subscribed({ after: '5-0' });
      byProtocol.script.last.error(refusal(code).errors);
      await vi.runAllTimersAsync();
      expect(byProtocol.endings).toEqual([refusal(code).errors]);
      expect(leftBehind(byProtocol)).toEqual(NOTHING);
    },
  );

  test('is not repeated where the server will not talk to this client at all', async () => {
    const { script, endings } = subscribed({ after: '5-0' });
    const closed = { code: 4403, reason: 'Forbidden' };
    script.last.error(closed);
    await vi.runAllTimersAsync();
    expect(endings).toEqual([closed]);
  });

  test('is repeated where the token has expired: connectionParams may give a new one', async () => {
    const { script, endings } = subscribed({ after: '5-0' });
    const before = script.underWay.length;
    script.last.error({ code: 4403, reason: 'Token expired' });
    await vi.runAllTimersAsync();
    expect(endings).toEqual([]);
    expect(script.underWay).toHaveLength(before);
  });
});

describe('its end', () => {
  test('leaves nothing behind, while it is under way', async () => {
    const opened = subscribed({ after: '5-0' }, { onEvent: () => undefined });
    expect(opened.script.underWay).toHaveLength(2);
    opened.leave();
    await vi.runAllTimersAsync();
    expect(leftBehind(opened)).toEqual(NOTHING);
    expect(opened.endings).toEqual(['complete']);
    opened.leave();
    await vi.runAllTimersAsync();
    expect(opened.endings).toEqual(['complete']);
  });

  test('leaves nothing behind, while it asks for its place', async () => {
    const opened = subscribed();
    expect(opened.script.last.sent.query).toContain('endCursor');
    opened.leave();
    await vi.runAllTimersAsync();
    expect(leftBehind(opened)).toEqual(NOTHING);
  });

  test('leaves nothing behind, while it waits', async () => {
    const opened = subscribed({ after: '5-0' });
    opened.script.last.complete();
    opened.leave();
    await vi.runAllTimersAsync();
    expect(opened.script.operations).toHaveLength(1);
    expect(leftBehind(opened)).toEqual(NOTHING);
  });

  test('comes with that of the client, beneath or above', async () => {
    const above = subscribed({ after: '5-0' });
    await above.client.dispose();
    await vi.runAllTimersAsync();
    expect(above.endings).toEqual(['complete']);
    expect(above.script.disposed).toBe(true);
    expect(leftBehind(above)).toEqual(NOTHING);

    const beneath = subscribed({ after: '5-0' });
    beneath.script.emit('closed', { code: 1000, reason: 'Normal Closure' });
    beneath.script.last.complete();
    await vi.runAllTimersAsync();
    expect(beneath.endings).toEqual(['complete']);
    expect(leftBehind(beneath)).toEqual(NOTHING);
  });

  test('may come by a listener, at any event', async () => {
    const types = ['reconnecting', 'gap', 'live'] as const;
    for (const type of types) {
      const leave = { now: (): unknown => undefined };
      const opened = subscribed({ after: '5-0' }, { onEvent: (event) => event.type === type && leave.now() });
      leave.now = opened.leave;
      opened.script.operations[0]!.next(messageAdded('6-0'));
      opened.script.operations[1]!.next({
        data: { messages: { nodes: [{ id: '6-0' }], pageInfo: { endCursor: '6-0' } } },
      });
      opened.script.operations[1]!.complete();
      refuse(opened.script.operations[0]!, 'CURSOR_EXPIRED');
      await vi.runAllTimersAsync();
      expect(leftBehind(opened)).toEqual(NOTHING);
    }
  });
});

describe('a room without a message', () => {
  const headIs = (endCursor: string | null) => ({
    data: { messages: { nodes: [], pageInfo: { endCursor } } },
  });

  test.each([
    ['that never had one', null, '0'],
    ['that has fallen silent', '6-0', '6-0'],
  ])('%s is followed from where it ends, and is live at once', (_, endCursor, after) => {
    const events: ResumeEvent[] = [];
    const { script, leave } = subscribed({}, { onEvent: (event) => events.push(event) });
    const { last: asking } = script;
    asking.next(headIs(endCursor));
    asking.complete();
    expect(script.operations[1]!.sent.variables).toMatchObject({ after });
    script.last.next(headIs(endCursor));
    expect(events.map(({ type }) => type)).toEqual(['connecting', 'live']);
    leave();
  });
});

describe('pings that are not answered', () => {
  test('end the connection, and those that are do not', () => {
    const { script, leave } = subscribed({ after: '5-0' }, { pongTimeoutMs: 1_000 });
    script.emit('ping', false);
    script.emit('pong', true);
    vi.advanceTimersByTime(1_000);
    expect(script.terminated).toBe(0);
    script.emit('ping', false);
    vi.advanceTimersByTime(999);
    expect(script.terminated).toBe(0);
    vi.advanceTimersByTime(1);
    expect(script.terminated).toBe(1);
    script.emit('ping', false);
    leave();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a connection that does not open', () => {
  test('is given up after the time that was set, and one that opens is not', () => {
    const { script, leave } = subscribed({ after: '5-0' }, { connectTimeoutMs: 1_000 });
    script.emit('connecting', false);
    vi.advanceTimersByTime(999);
    script.emit('opened');
    vi.advanceTimersByTime(1_000);
    expect(script.terminated).toBe(0);
    script.emit('connecting', true);
    vi.advanceTimersByTime(1_000);
    expect(script.terminated).toBe(1);
    script.emit('connecting', true);
    leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is waited for where no time was set', () => {
    const { script } = subscribed({ after: '5-0' });
    script.emit('connecting', false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('other operations', () => {
  test('subscriptions to something else are begun again', () => {
    const { script, results } = subscribed(
      {},
      {},
      'subscription ($roomId: ID!) { roomUpdated(roomId: $roomId) { id } }',
    );
    script.last.next({ data: { roomUpdated: { id: 'lobby' } } });
    script.last.next({ data: { roomUpdated: { id: 'lobby' } } });
    script.last.complete();
    vi.runAllTimers();
    expect(script.operations).toHaveLength(2);
    expect(script.last.sent).toEqual(script.operations[0]!.sent);
    expect(results).toHaveLength(2);
  });

  test('queries and mutations pass as they are', () => {
    const { script, endings } = subscribed({}, {}, 'query ($roomId: ID!) { room(id: $roomId) { id } }');
    script.last.complete();
    expect(endings).toEqual(['complete']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a document that cannot be resumed', () => {
  test.each([
    ['subscription { messageAdded(roomId: "a") { id } }', 'its argument "after"'],
    ['subscription { messageAdded(roomId: "a", after: "0") { id } }', 'its argument "after"'],
    ['subscription ($after: ID) { messageAdded(roomId: "a", after: $after, last: 5) { id } }', '"last"'],
    ['subscription ($after: ID) { messageAdded(roomId: "a", after: $after) { content } }', 'select the id'],
  ])('is refused: %s', async (query, why) => {
    const { endings, script } = subscribed({}, {}, query);
    await vi.runAllTimersAsync();
    expect(endings).toHaveLength(1);
    expect(endings[0]).toBeInstanceOf(DocumentError);
    expect((endings[0] as Error).message).toContain(why);
    expect(leftBehind({ script })).toEqual(NOTHING);
  });

  test('is refused with its first message, where only that shows it', async () => {
    const query =
      'subscription ($after: ID) { messageAdded(roomId: "a", after: $after) { author { id } content } }';
    const { endings, script } = subscribed({ after: '5-0' }, {}, query);
    script.last.next({ data: { messageAdded: { author: { id: 'guest:a' }, content: 'hi' } } });
    await vi.runAllTimersAsync();
    expect(endings[0]).toBeInstanceOf(DocumentError);
    expect(leftBehind({ script })).toEqual(NOTHING);
  });
});

describe('events', () => {
  test('go to the listener of the client and to that of the subscription', () => {
    const script = new ScriptedClient();
    const told: [string, ResumeEvent['type']][] = [];
    const client = resumingClient(script, { onEvent: ({ type }) => told.push(['client', type]) });
    client.subscribe(
      { query: FOLLOW, variables: { roomId: 'lobby', after: '5-0' } },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
      { onEvent: ({ type }) => told.push(['subscription', type]) },
    );
    script.emit('connecting', false);
    script.emit('connected');
    script.emit('closed', { code: 1006, reason: '' });
    expect(told).toEqual([
      ['client', 'connecting'],
      ['subscription', 'connecting'],
      ['client', 'reconnecting'],
      ['subscription', 'reconnecting'],
    ]);
  });

  test('tell each interruption once, whether the client tries again by itself or not', () => {
    const attempts: number[] = [];
    const { script } = subscribed(
      { after: '5-0' },
      { onEvent: (event) => event.type === 'reconnecting' && attempts.push(event.attempt) },
    );
    const closed = { code: 1006, reason: '' };
    // Twice by itself, and then no more.
    script.emit('error', new Event('error'));
    script.emit('closed', closed);
    script.emit('connecting', true);
    script.emit('closed', closed);
    script.emit('connecting', true);
    script.emit('closed', closed);
    script.operations[0]!.error(closed);
    expect(attempts).toEqual([1, 2, 3]);
  });
});
