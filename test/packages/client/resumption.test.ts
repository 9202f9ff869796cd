import type { FormattedExecutionResult } from 'graphql-ws';
import { DocumentError, type ResumeEvent, type ResumingOptions, resumingClient } from 'streamly-chat-client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FOLLOW } from './fixture.js';
import { messageAdded, refusal, refuse, ScriptedClient } from './scripted-client.js';

beforeEach(() => {
  vi.useFakeTimers();
  // Always the longest possible wait, so that waits are predictable.
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
  const unsubscribe = client.subscribe({ query, variables: { roomId: 'lobby', ...variables } }, sink);
  const ids = () => results.map(({ data }) => (data!.messageAdded as { id: string }).id);
  return { script, client, results, ids, endings, unsubscribe };
}

/** What a subscription has left behind: operations, listeners and timers. */
function leftovers({ script }: { script: ScriptedClient }) {
  return { operations: script.active.length, listeners: script.listeners, timers: vi.getTimerCount() };
}
const NOTHING = { operations: 0, listeners: 0, timers: 0 };

describe('results', () => {
  test('are delivered once and in order, whatever arrives', () => {
    const { script, ids } = subscribed({ after: '5-0' });
    for (const id of ['5-0', '6-0', '6-0', '4-0', '10-0', '9-0', '10-1', '6-0']) {
      script.last.next(messageAdded(id));
    }
    expect(ids()).toEqual(['6-0', '10-0', '10-1']);
  });

  test('with errors are delivered unchanged, and the subscription continues', () => {
    const { script, results } = subscribed({ after: '5-0' });
    const failed = [{ data: null, errors: [{ message: 'It failed.' }] }, refusal('INTERNAL_SERVER_ERROR')];
    for (const result of failed) script.last.next(result);
    script.last.next(messageAdded('6-0'));
    expect(results).toEqual([...failed, messageAdded('6-0')]);
  });

  test('end the subscription if the sink throws, with the error that it threw', async () => {
    const script = new ScriptedClient();
    const errors: unknown[] = [];
    const bug = new Error('a bug in the sink');
    resumingClient(script).subscribe(
      { query: FOLLOW, variables: { after: '1-0' } },
      {
        next: () => {
          throw bug;
        },
        error: (error) => errors.push(error),
        complete: () => undefined,
      },
    );
    script.last.next(messageAdded('2-0'));
    await vi.runAllTimersAsync();
    expect(errors).toEqual([bug]);
    expect(leftovers({ script })).toEqual(NOTHING);
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

  test('fails for good if the server closes the connection because of it, and the others continue', async () => {
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
    expect(script.active).toHaveLength(1);
  });

  test('is not blamed if it already had a result', async () => {
    const { script, endings } = subscribed({ after: '5-0', other: 'x'.repeat(2_000) });
    script.last.next(messageAdded('6-0'));
    script.last.error(tooBig);
    await vi.runAllTimersAsync();
    expect(endings).toEqual([]);
    expect(script.operations).toHaveLength(2);
  });
});

describe('the variables that are sent', () => {
  test('are unchanged until there is a cursor', () => {
    const { script } = subscribed({ last: 20, other: 'kept' });
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', last: 20, other: 'kept' });
    script.last.next(messageAdded('6-0'));
    script.last.complete();
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: '6-0', last: null, other: 'kept' });
  });

  test('leave defaults to the server, and do not override them with null', () => {
    const query = FOLLOW.replace('$last: Int', '$last: Int = 20');
    const { script } = subscribed({}, {}, query);
    expect(script.operations).toHaveLength(1);
    expect(script.last.sent).toEqual({ query, variables: { roomId: 'lobby' } });
    script.last.next(messageAdded('6-0'));
    script.last.complete();
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: '6-0', last: null });
  });

  test('start at the default of the cursor', () => {
    const { script, ids } = subscribed({}, {}, FOLLOW.replace('$after: ID', '$after: ID = "5-0"'));
    expect(script.last.sent.variables).toMatchObject({ after: '5-0' });
    for (const id of ['5-0', '6-0']) script.last.next(messageAdded(id));
    expect(ids()).toEqual(['6-0']);
  });

  test('contain the current cursor when graphql-ws sends them again on its own', () => {
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

  test('prefer after to last', () => {
    expect(subscribed({ after: '5-0', last: 20 }).script.last.sent.variables).toMatchObject({
      after: '5-0',
      last: null,
    });
    expect(subscribed({ after: null, last: 20 }).script.last.sent.variables).toMatchObject({
      after: null,
      last: 20,
    });
  });

  test('ask for the newest messages after CURSOR_EXPIRED, then for those after them', () => {
    const { script, ids } = subscribed({ after: '5-0' }, { lastAfterGap: 7 });
    refuse(script.last, 'CURSOR_EXPIRED');
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: null, last: 7 });
    // The clock of Redis went back: a new message has an older id.
    script.last.next(messageAdded('3-0'));
    script.last.complete();
    vi.runAllTimers();
    expect(script.last.sent.variables).toEqual({ roomId: 'lobby', after: '3-0', last: null });
    expect(ids()).toEqual(['3-0']);
  });

  test('do not lead to a second delivery of messages from before CURSOR_EXPIRED', () => {
    const { script, ids } = subscribed({ after: '5-0' });
    for (const id of ['6-0', '7-0', '8-0']) script.last.next(messageAdded(id));
    refuse(script.last, 'CURSOR_EXPIRED');
    vi.runAllTimers();
    for (const id of ['6-0', '7-0', '9-0']) script.last.next(messageAdded(id));
    expect(ids()).toEqual(['6-0', '7-0', '8-0', '9-0']);
  });
});

describe('a failed attempt', () => {
  test.each([
    ['the server completed it', (script: ScriptedClient) => script.last.complete()],
    ['SERVICE_UNAVAILABLE', (script: ScriptedClient) => refuse(script.last, 'SERVICE_UNAVAILABLE')],
    ['INTERNAL_SERVER_ERROR', (script: ScriptedClient) => refuse(script.last, 'INTERNAL_SERVER_ERROR')],
    [
      'an error message of the protocol',
      (script: ScriptedClient) => script.last.error(refusal('SERVICE_UNAVAILABLE').errors),
    ],
    ['the socket closed', (script: ScriptedClient) => script.last.error({ code: 1006, reason: '' })],
    ['the socket did not open', (script: ScriptedClient) => script.last.error(new Event('error'))],
  ])('is retried: %s', (_what, fail) => {
    const { script, endings } = subscribed({ after: '5-0' });
    fail(script);
    expect(leftovers({ script })).toMatchObject({ timers: 1 });
    vi.runAllTimers();
    expect(script.operations).toHaveLength(2);
    expect(endings).toEqual([]);
  });

  test('is retried after a wait that doubles up to a cap, and starts over after a result', () => {
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
    // No message arrived, but the subscription lasted as long as the cap.
    vi.advanceTimersByTime(1_000);
    expect(wait()).toBe(100);
  });

  test('is not retried before the server allows it', () => {
    const { script } = subscribed({ after: '5-0' }, { retryBaseMs: 100 });
    refuse(script.last, 'RATE_LIMITED', { retryAfterMs: 5_000 });
    vi.advanceTimersByTime(5_000);
    expect(script.operations).toHaveLength(1);
    vi.advanceTimersByTime(100);
    expect(script.operations).toHaveLength(2);
  });

  test('is retried after a random part of the wait', () => {
    vi.mocked(Math.random).mockReturnValue(0.25);
    const { script } = subscribed({ after: '5-0' }, { retryBaseMs: 100 });
    script.last.complete();
    vi.advanceTimersByTime(25);
    expect(script.operations).toHaveLength(2);
  });

  test('is retried at once when the browser comes back online', () => {
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
    'is not retried after %s: the sink gets the errors as the server sent them',
    async (code) => {
      const byResult = subscribed({ after: '5-0' });
      refuse(byResult.script.last, code);
      await vi.runAllTimersAsync();
      expect(byResult.results).toEqual([refusal(code)]);
      expect(byResult.endings).toEqual(['complete']);
      expect(leftovers(byResult)).toEqual(NOTHING);

      const byProtocol = subscribed({ after: '5-0' });
      byProtocol.script.last.error(refusal(code).errors);
      await vi.runAllTimersAsync();
      expect(byProtocol.endings).toEqual([refusal(code).errors]);
      expect(leftovers(byProtocol)).toEqual(NOTHING);
    },
  );

  test('is not retried if the server refuses the connection', async () => {
    const { script, endings } = subscribed({ after: '5-0' });
    const closed = { code: 4403, reason: 'Forbidden' };
    script.last.error(closed);
    await vi.runAllTimersAsync();
    expect(endings).toEqual([closed]);
  });

  test('is retried if the token has expired, because connectionParams may return a new one', async () => {
    const { script, endings } = subscribed({ after: '5-0' });
    const before = script.active.length;
    script.last.error({ code: 4403, reason: 'Token expired' });
    await vi.runAllTimersAsync();
    expect(endings).toEqual([]);
    expect(script.active).toHaveLength(before);
  });
});

describe('ending a subscription', () => {
  test('leaves nothing behind while it is active', async () => {
    const opened = subscribed({ after: '5-0' }, { onEvent: () => undefined });
    expect(opened.script.active).toHaveLength(2);
    opened.unsubscribe();
    await vi.runAllTimersAsync();
    expect(leftovers(opened)).toEqual(NOTHING);
    expect(opened.endings).toEqual(['complete']);
    opened.unsubscribe();
    await vi.runAllTimersAsync();
    expect(opened.endings).toEqual(['complete']);
  });

  test("leaves nothing behind while it queries the room's head", async () => {
    const opened = subscribed();
    expect(opened.script.last.sent.query).toContain('endCursor');
    opened.unsubscribe();
    await vi.runAllTimersAsync();
    expect(leftovers(opened)).toEqual(NOTHING);
  });

  test('leaves nothing behind while it waits to retry', async () => {
    const opened = subscribed({ after: '5-0' });
    opened.script.last.complete();
    opened.unsubscribe();
    await vi.runAllTimersAsync();
    expect(opened.script.operations).toHaveLength(1);
    expect(leftovers(opened)).toEqual(NOTHING);
  });

  test('happens when the client or the wrapped client is disposed of', async () => {
    const outer = subscribed({ after: '5-0' });
    await outer.client.dispose();
    await vi.runAllTimersAsync();
    expect(outer.endings).toEqual(['complete']);
    expect(outer.script.disposed).toBe(true);
    expect(leftovers(outer)).toEqual(NOTHING);

    const inner = subscribed({ after: '5-0' });
    inner.script.emit('closed', { code: 1000, reason: 'Normal Closure' });
    inner.script.last.complete();
    await vi.runAllTimersAsync();
    expect(inner.endings).toEqual(['complete']);
    expect(leftovers(inner)).toEqual(NOTHING);
  });

  test('is safe in a listener, at any event', async () => {
    const types = ['reconnecting', 'gap', 'live'] as const;
    for (const type of types) {
      const unsubscribe = { now: (): unknown => undefined };
      const opened = subscribed(
        { after: '5-0' },
        { onEvent: (event) => event.type === type && unsubscribe.now() },
      );
      unsubscribe.now = opened.unsubscribe;
      opened.script.operations[0]!.next(messageAdded('6-0'));
      opened.script.operations[1]!.next({
        data: { messages: { nodes: [{ id: '6-0' }], pageInfo: { endCursor: '6-0' } } },
      });
      opened.script.operations[1]!.complete();
      refuse(opened.script.operations[0]!, 'CURSOR_EXPIRED');
      await vi.runAllTimersAsync();
      expect(leftovers(opened)).toEqual(NOTHING);
    }
  });
});

describe('a room without messages', () => {
  const headIs = (endCursor: string | null) => ({
    data: { messages: { nodes: [], pageInfo: { endCursor } } },
  });

  test.each([
    ['that was never used', null, '0'],
    ['whose messages have all expired', '6-0', '6-0'],
  ])('%s is followed from its head, and is live at once', (_, endCursor, after) => {
    const events: ResumeEvent[] = [];
    const { script, unsubscribe } = subscribed({}, { onEvent: (event) => events.push(event) });
    const { last: query } = script;
    query.next(headIs(endCursor));
    query.complete();
    expect(script.operations[1]!.sent.variables).toMatchObject({ after });
    script.last.next(headIs(endCursor));
    expect(events.map(({ type }) => type)).toEqual(['connecting', 'live']);
    unsubscribe();
  });
});

describe('a ping', () => {
  test('ends the connection only if it is not answered in time', () => {
    const { script, unsubscribe } = subscribed({ after: '5-0' }, { pongTimeoutMs: 1_000 });
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
    unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a connection that does not open', () => {
  test('is ended after connectTimeoutMs, and one that opens is not', () => {
    const { script, unsubscribe } = subscribed({ after: '5-0' }, { connectTimeoutMs: 1_000 });
    script.emit('connecting', false);
    vi.advanceTimersByTime(999);
    script.emit('opened');
    vi.advanceTimersByTime(1_000);
    expect(script.terminated).toBe(0);
    script.emit('connecting', true);
    vi.advanceTimersByTime(1_000);
    expect(script.terminated).toBe(1);
    script.emit('connecting', true);
    unsubscribe();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not ended without connectTimeoutMs', () => {
    const { script } = subscribed({ after: '5-0' });
    script.emit('connecting', false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('other operations', () => {
  test('subscriptions to something else are started again', () => {
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

  test('queries and mutations are passed through unchanged', () => {
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
    expect(leftovers({ script })).toEqual(NOTHING);
  });

  test('is refused at its first message if only that shows the problem', async () => {
    const query =
      'subscription ($after: ID) { messageAdded(roomId: "a", after: $after) { author { id } content } }';
    const { endings, script } = subscribed({ after: '5-0' }, {}, query);
    script.last.next({ data: { messageAdded: { author: { id: 'guest:a' }, content: 'hi' } } });
    await vi.runAllTimersAsync();
    expect(endings[0]).toBeInstanceOf(DocumentError);
    expect(leftovers({ script })).toEqual(NOTHING);
  });
});

describe('events', () => {
  test('go to the listener of the client, then to that of the subscription', () => {
    const script = new ScriptedClient();
    const emitted: [string, ResumeEvent['type']][] = [];
    const client = resumingClient(script, { onEvent: ({ type }) => emitted.push(['client', type]) });
    client.subscribe(
      { query: FOLLOW, variables: { roomId: 'lobby', after: '5-0' } },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
      { onEvent: ({ type }) => emitted.push(['subscription', type]) },
    );
    script.emit('connecting', false);
    script.emit('connected');
    script.emit('closed', { code: 1006, reason: '' });
    expect(emitted).toEqual([
      ['client', 'connecting'],
      ['subscription', 'connecting'],
      ['client', 'reconnecting'],
      ['subscription', 'reconnecting'],
    ]);
  });

  test('report each interruption once, whether graphql-ws retries on its own or not', () => {
    const attempts: number[] = [];
    const { script } = subscribed(
      { after: '5-0' },
      { onEvent: (event) => event.type === 'reconnecting' && attempts.push(event.attempt) },
    );
    const closed = { code: 1006, reason: '' };
    // It retries twice, and then gives up.
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
