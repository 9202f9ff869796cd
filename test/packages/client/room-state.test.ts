import fc from 'fast-check';
import { addHistory, EMPTY_ROOM, type RoomState, reduceRoom } from 'streamly-chat-client';
import { expect, test } from 'vitest';

interface Message {
  id: string;
  author: { id: string };
}

const ROOM: RoomState<Message> = EMPTY_ROOM;
const place = (cursor: string) => ({ cursor, at: '2026-01-31T18:30:00.000Z', roomId: 'room1' });
const message = (id: string, author = 'ann'): Message => ({ id, author: { id: author } });
const sent = (id: string, author = 'ann') => ({
  __typename: 'MessageSent' as const,
  ...place(id),
  message: message(id, author),
});
const retracted = (cursor: string, messageIds: string[], author: string | null = null) => ({
  __typename: 'MessagesRetracted' as const,
  ...place(cursor),
  messageIds,
  author,
});
type Event = ReturnType<typeof sent> | ReturnType<typeof retracted> | { __typename: string };
const after = (events: readonly Event[], limit?: number) =>
  events.reduce<RoomState<Message>>((state, event) => reduceRoom(state, event, limit), ROOM);
const idsOf = ({ messages }: RoomState<Message>) => messages.map(({ id }) => id);

test('shows messages until they are retracted', () => {
  const state = after([sent('1-0'), sent('2-0'), retracted('3-0', ['1-0', '0-7'])]);
  expect(idsOf(state)).toEqual(['2-0']);
  expect(idsOf(reduceRoom(state, sent('4-0')))).toEqual(['2-0', '4-0']);
});

test('removes all earlier messages of an author, and shows later ones', () => {
  const events = [sent('1-0', 'bob'), sent('2-0'), retracted('3-0', [], 'bob'), sent('4-0', 'bob')];
  expect(idsOf(after(events))).toEqual(['2-0', '4-0']);
});

test('starts over after a gap, ignores unknown events, and shows no message twice', () => {
  expect(idsOf(after([sent('1-0'), { __typename: 'Gap' }, sent('5-0'), sent('5-0')]))).toEqual(['5-0']);
  expect(idsOf(after([sent('1-0'), { __typename: 'RoomCleaned' }]))).toEqual(['1-0']);
});

test('keeps the newest messages up to its limit', () => {
  expect(idsOf(after([sent('1-0'), sent('2-0'), sent('3-0')], 2))).toEqual(['2-0', '3-0']);
});

test('leaves out of older pages what was retracted while they were loaded', () => {
  const state = after([sent('5-0'), retracted('6-0', ['2-0']), retracted('7-0', [], 'bob')]);
  const page = [message('1-0', 'bob'), message('2-0'), message('3-0'), message('5-0')];
  expect(idsOf(addHistory(state, page))).toEqual(['3-0', '5-0']);
});

test('shows what is left, whatever is sent and retracted', () => {
  const step = fc.oneof(
    fc.record({ send: fc.constantFrom('ann', 'bob') }),
    fc.record({ retract: fc.nat(20) }),
    fc.record({ retractAll: fc.constantFrom('ann', 'bob') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let left: Message[] = [];
      const events = steps.map((each, index) => {
        const cursor = `${index + 1}-0`;
        if ('send' in each) {
          left.push(message(cursor, each.send));
          return sent(cursor, each.send);
        }
        if ('retract' in each) {
          left = left.filter(({ id }) => id !== `${each.retract}-0`);
          return retracted(cursor, [`${each.retract}-0`]);
        }
        left = left.filter(({ author }) => author.id !== each.retractAll);
        return retracted(cursor, [], each.retractAll);
      });
      expect(after(events).messages).toEqual(left);
    }),
  );
});
