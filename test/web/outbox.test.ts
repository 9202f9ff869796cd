/** A user's own messages until they are settled, with the test in the role of the server. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { refusal } from '#test/packages/client/scripted-client.js';
import { until } from '#test/support/until.js';
import type { Message } from '../../web/page/room/message.js';
import { type Deliver, Outbox, type OutboxView } from '../../web/page/room/outbox.js';
import { Outboxes } from '../../web/page/room/outboxes.js';

function message(
  id: string,
  content: string,
  { name = 'Ann', nonce }: { name?: string; nonce?: string } = {},
) {
  return { id, content, nonce, author: { name }, createdAt: '2026-01-31T18:30:00.000Z' } as Message;
}

/** A sender whose sends wait until the test answers them. */
function waitingSends() {
  const waiting: { nonce: string; resolve(stored: Message): void; reject(cause: unknown): void }[] = [];
  const nonces: string[] = [];
  const deliver: Deliver = ({ nonce }) =>
    new Promise((resolve, reject) => {
      nonces.push(nonce);
      waiting.push({ nonce, resolve, reject });
    });
  const next = async () => (await until(() => waiting.shift(), { what: 'a send' }))!;
  return {
    deliver,
    /** The nonce of each attempt. */
    nonces,
    answer: async (stored: Message) => (await next()).resolve(stored),
    fail: async (cause: unknown) => (await next()).reject(cause),
  };
}

/** A close for lack of authorization, which leaves the outcome of a send unknown. */
const CLOSED = { code: 4401, reason: 'Unauthorized' };
const limited = (retryAfterMs: number) => refusal('RATE_LIMITED', { retryAfterMs }).errors;

function openOutbox() {
  const sends = waitingSends();
  /** The texts that were shown at each change. */
  const shown: string[][] = [];
  let newest: string | undefined;
  const outbox = new Outbox('room1', sends.deliver, () => undefined);
  outbox.attach({
    newestId: () => newest,
    onChange: () => shown.push(outbox.shown.map(({ content }) => content)),
  });
  const states = () => outbox.shown.map(({ content, state }) => [content, state]);
  return {
    ...sends,
    outbox,
    shown,
    states,
    failed: () => until(() => states()[0]?.[1] === 'failed', { what: 'the send to fail' }),
    arrives: (came: Message) => {
      newest = came.id;
      return outbox.arrived(came);
    },
  };
}

describe('an own message', () => {
  test('is shown at once, and as sent if the answer arrives before the message', async () => {
    const { outbox, answer, arrives, states } = openOutbox();
    outbox.say('Ann', 'hello');
    expect(states()).toEqual([['hello', 'sending']]);
    const { key } = outbox.shown[0]!;
    await answer(message('5-0', 'hello'));
    await until(() => states()[0]?.[1] === 'sent', { what: 'the answer' });
    expect(arrives(message('4-0', 'hello', { name: 'Ben' }))).toBeUndefined();
    expect(arrives(message('5-0', 'hello'))).toBe(key);
    expect(states()).toEqual([]);
  });

  test('is replaced by the message with its nonce, and stays until then', async () => {
    const { outbox, shown, nonces, answer, arrives } = openOutbox();
    outbox.say('Ann', 'hello');
    const { key, saidAt } = outbox.shown[0]!;
    const changes = shown.length;
    await until(() => nonces.length === 1, { what: 'it to be sent' });
    expect(arrives(message('5-0', 'hello', { nonce: nonces[0]! }))).toBe(key);
    // The code that shows the message removes this one at the same time.
    expect(outbox.shown).toEqual([]);
    expect(shown).toHaveLength(changes);
    expect(outbox.saidAt).toBe(saidAt);
    await answer(message('5-0', 'hello', { nonce: nonces[0]! }));
    await until(() => shown.length > changes, { what: 'it to be settled' });
    expect(outbox.shown).toEqual([]);
  });

  test('is not confused with the same words from another user or an older server', async () => {
    const { outbox, answer, arrives, states } = openOutbox();
    outbox.say('Ann', 'GG');
    const { key } = outbox.shown[0]!;
    expect(arrives(message('5-0', 'GG', { nonce: 'of another' }))).toBeUndefined();
    expect(arrives(message('6-0', 'GG'))).toBeUndefined();
    expect(states()).toEqual([['GG', 'sending']]);
    await answer(message('7-0', 'GG'));
    await until(() => states()[0]?.[1] === 'sent', { what: 'the answer' });
    expect(arrives(message('7-0', 'GG'))).toBe(key);
    expect(states()).toEqual([]);
  });

  test('is sent after the one before, and each is settled separately', async () => {
    const { outbox, answer, arrives, states } = openOutbox();
    outbox.say('Ann', 'GG');
    outbox.say('Ann', 'GG');
    const [first, second] = outbox.shown.map(({ key }) => key);
    await answer(message('5-0', 'GG'));
    await answer(message('6-0', 'GG'));
    await until(() => states().every(([, state]) => state === 'sent'), { what: 'both answers' });
    expect([arrives(message('5-0', 'GG')), arrives(message('6-0', 'GG'))]).toEqual([first, second]);
    expect(states()).toEqual([]);
  });

  test('is not waited for if a newer message arrived, because it lies in a gap', async () => {
    const { outbox, answer, arrives, states } = openOutbox();
    outbox.say('Ann', 'hello');
    await answer(message('5-0', 'hello'));
    await until(() => states()[0]?.[1] === 'sent', { what: 'the answer' });
    expect(arrives(message('9-0', 'hello', { name: 'Ben' }))).toBeUndefined();
    expect(states()).toEqual([]);
  });

  test('counts for slow mode unless it was refused', async () => {
    const { outbox, answer, fail, failed } = openOutbox();
    expect(outbox.saidAt).toBe(Number.NEGATIVE_INFINITY);
    outbox.say('Ann', 'too long');
    expect(outbox.saidAt).toBeCloseTo(Date.now(), -3);
    await fail(refusal('BAD_USER_INPUT').errors);
    await failed();
    expect(outbox.saidAt).toBe(Number.NEGATIVE_INFINITY);
    outbox.say('Ann', 'hello');
    await answer(message('5-0', 'hello'));
    await until(() => outbox.shown.at(-1)?.state === 'sent', { what: 'the answer' });
    expect(outbox.saidAt).toBeCloseTo(Date.now(), -3);
  });
});

describe('a failed message', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is settled by a message that arrives with its nonce, if it may have been sent', async () => {
    const { outbox, nonces, fail, failed, arrives, states } = openOutbox();
    outbox.say('Ann', 'hello');
    const { key } = outbox.shown[0]!;
    await fail(CLOSED);
    await failed();
    expect(arrives(message('5-0', 'hello', { nonce: nonces[0]! }))).toBe(key);
    expect(states()).toEqual([]);
  });

  test('leaves an arriving message with another nonce to the other entry', async () => {
    const { outbox, nonces, fail, failed, arrives, states } = openOutbox();
    outbox.say('Ann', 'GG');
    await fail(CLOSED);
    await failed();
    outbox.say('Ann', 'GG');
    const { key } = outbox.shown[1]!;
    await until(() => nonces.length === 2, { what: 'the second to be sent' });
    expect(arrives(message('5-0', 'GG', { nonce: nonces[1]! }))).toBe(key);
    expect(states()).toEqual([['GG', 'failed']]);
  });

  test('is still shown if it was refused, whatever arrives', async () => {
    const { outbox, fail, failed, arrives } = openOutbox();
    outbox.say('Ann', 'hello');
    await fail(refusal('FORBIDDEN').errors);
    await failed();
    expect(arrives(message('5-0', 'hello', { nonce: 'of another' }))).toBeUndefined();
    expect(outbox.shown[0]).toMatchObject({ state: 'failed', error: { outcome: 'refused' } });
  });

  test('is no longer shown if it arrives after all', async () => {
    const { outbox, shown, nonces, fail, arrives, states } = openOutbox();
    outbox.say('Ann', 'hello');
    await until(() => nonces.length === 1, { what: 'it to be sent' });
    arrives(message('5-0', 'hello', { nonce: nonces[0]! }));
    const changes = shown.length;
    await fail(CLOSED);
    await until(() => shown.length > changes, { what: 'the message to be settled' });
    expect(states()).toEqual([]);
  });

  test('is sent again as a new message if it was refused', async () => {
    const { outbox, nonces, fail, failed, answer, states } = openOutbox();
    outbox.say('Ann', 'hello');
    await fail(refusal('FORBIDDEN').errors);
    await failed();
    outbox.retry(outbox.shown[0]!.nonce);
    await answer(message('5-0', 'hello'));
    await until(() => states()[0]?.[1] === 'sent', { what: 'the answer' });
    expect(new Set(nonces).size).toBe(2);
  });

  test('is sent again with its nonce while the server knows it, and as a new message after that', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { outbox, nonces, fail, failed } = openOutbox();
    outbox.say('Ann', 'hello');
    for (const passed of [200_000, 100_000]) {
      await fail(CLOSED);
      await failed();
      expect(outbox.shown[0]!.error!.outcome).toBe('unknown');
      vi.setSystemTime(Date.now() + passed);
      outbox.retry(outbox.shown[0]!.nonce);
    }
    await fail(CLOSED);
    await failed();
    expect(nonces[1]).toBe(nonces[0]);
    expect(nonces[2]).not.toBe(nonces[0]);
  });

  test('says when it may be sent, even if that is later than the outbox keeps trying', async () => {
    const { outbox, fail, failed } = openOutbox();
    outbox.say('Ann', 'hello');
    await fail(limited(3_600_000));
    await failed();
    expect(outbox.shown[0]!.until).toBeCloseTo(Date.now() + 3_600_000, -4);
    outbox.retry(outbox.shown[0]!.nonce);
    expect(outbox.shown[0]!.until).toBeUndefined();
  });
});

describe('the outbox of a room that the user left', () => {
  const view = (): OutboxView => ({ newestId: () => undefined, onChange: () => undefined });

  test('goes on sending, is there when the user returns, and is dropped once it is empty', async () => {
    const { deliver, nonces, answer } = waitingSends();
    const outboxes = new Outboxes(deliver);
    const left = outboxes.of('room1');
    const leave = left.attach(view());
    left.say('Ann', 'one');
    left.say('Ann', 'two');
    leave();
    await answer(message('5-0', 'one'));
    await until(() => nonces.length === 2, { what: 'the second to be sent' });

    const found = outboxes.of('room1');
    const leaveAgain = found.attach(view());
    expect(found.shown.map(({ content }) => content)).toEqual(['two']);
    expect(outboxes.of('room2').shown).toEqual([]);
    leaveAgain();
    await answer(message('6-0', 'two'));
    await until(() => outboxes.of('room1') !== left, { what: 'the outbox to be dropped' });
    expect(outboxes.of('room1').shown).toEqual([]);
  });

  test('shows what is not stored yet, and nothing that is', async () => {
    const { deliver, answer } = waitingSends();
    const outbox = new Outboxes(deliver).of('room1');
    const leave = outbox.attach(view());
    outbox.say('Ann', 'stored');
    await answer(message('5-0', 'stored'));
    await until(() => outbox.shown[0]?.state === 'sent', { what: 'the answer' });
    outbox.say('Ann', 'under way');
    leave();
    expect(outbox.shown.map(({ content }) => content)).toEqual(['under way']);
  });
});
