/** What one says, until it is settled, with the answers in the test's hands. */
import { describe, expect, it } from 'vitest';
import type { Message } from '../../web/page/room/message.js';
import { type Deliver, Outbox } from '../../web/page/room/outbox.js';
import { until } from '../support/until.js';

function message(id: string, content: string, name = 'Ann'): Message {
  return { id, content, author: { name }, createdAt: '2026-01-31T18:30:00.000Z' } as Message;
}

function stage() {
  const answers: ((stored: Message) => void)[] = [];
  const deliver: Deliver = () => new Promise((resolve) => answers.push(resolve));
  /** The texts that were shown, at each change that the outbox told of. */
  const shown: string[][] = [];
  let newest: string | undefined;
  const outbox = new Outbox(
    'room1',
    deliver,
    () => newest,
    () => shown.push(outbox.shown.map(({ content }) => content)),
  );
  return {
    outbox,
    shown,
    arrives: (came: Message) => {
      newest = came.id;
      return outbox.arrived(came);
    },
    /** Answers the send that waits. */
    answer: async (stored: Message) => {
      const answer = await until(() => answers.shift(), { what: 'a send' });
      answer!(stored);
    },
    states: () => outbox.shown.map(({ content, state }) => [content, state]),
  };
}

describe('what one says', () => {
  it('is shown at once, and as sent when the answer is there before the message', async () => {
    const { outbox, answer, arrives, states } = stage();
    outbox.say('Ann', 'hello');
    expect(states()).toEqual([['hello', 'sending']]);
    const { key } = outbox.shown[0]!;
    await answer(message('5-0', 'hello'));
    await until(() => states()[0]?.[1] === 'sent', { what: 'the answer' });
    expect(arrives(message('4-0', 'hello', 'Ben'))).toBeUndefined();
    expect(arrives(message('5-0', 'hello'))).toBe(key);
    expect(states()).toEqual([]);
  });

  it('gives its place to the message that comes, and is never told to be gone before that', async () => {
    const { outbox, shown, answer, arrives } = stage();
    outbox.say('Ann', 'hello');
    const { key } = outbox.shown[0]!;
    const told = shown.length;
    expect(arrives(message('5-0', 'hello'))).toBe(key);
    // Whoever shows the message does it together with this.
    expect(outbox.shown).toEqual([]);
    expect(shown).toHaveLength(told);
    await answer(message('5-0', 'hello'));
    await until(() => shown.length > told, { what: 'it to be settled' });
    expect(outbox.shown).toEqual([]);
  });

  it('is shown again where it was taken for a message of another', async () => {
    const { outbox, answer, arrives, states } = stage();
    outbox.say('Ann', 'GG');
    const { key } = outbox.shown[0]!;
    expect(arrives(message('5-0', 'GG'))).toBe(key);
    await answer(message('6-0', 'GG'));
    await until(() => states()[0]?.[1] === 'sent', { what: 'the mistake to be found' });
    expect(outbox.shown[0]!.key).not.toBe(key);
    expect(arrives(message('6-0', 'GG'))).toBe(`${key} again`);
    expect(states()).toEqual([]);
  });

  it('goes one after the other, and each is settled for itself', async () => {
    const { outbox, answer, arrives, states } = stage();
    outbox.say('Ann', 'GG');
    outbox.say('Ann', 'GG');
    const [first, second] = outbox.shown.map(({ key }) => key);
    await answer(message('5-0', 'GG'));
    await answer(message('6-0', 'GG'));
    await until(() => states().every(([, state]) => state === 'sent'), { what: 'both answers' });
    expect([arrives(message('5-0', 'GG')), arrives(message('6-0', 'GG'))]).toEqual([first, second]);
    expect(states()).toEqual([]);
  });
});
