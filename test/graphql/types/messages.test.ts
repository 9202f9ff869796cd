import { describe, expect, test } from 'vitest';
import { KNOWN, messageOf, run } from '#test/graphql/recording.js';
import { Messages } from '#test/support/documents.js';

describe('the window of a page', () => {
  test.each([
    ['no arguments', {}, { take: { last: 50 } }],
    ['only after', { after: '1000-0' }, { after: '1000-0', take: { first: 50 } }],
    ['after the beginning', { after: '0' }, { after: '0', take: { first: 50 } }],
    ['only before', { before: '1000-0' }, { before: '1000-0', take: { last: 50 } }],
    [
      'after and before',
      { after: '1000-0', before: '1009-0' },
      { after: '1000-0', before: '1009-0', take: { last: 50 } },
    ],
    ['first', { first: 3 }, { take: { first: 3 } }],
    ['last', { last: 3 }, { take: { last: 3 } }],
    ['after and last', { after: '1000-0', last: 3 }, { after: '1000-0', take: { last: 3 } }],
    ['before and first', { before: '1000-0', first: 3 }, { before: '1000-0', take: { first: 3 } }],
    ['null for all', { first: null, after: null, last: null, before: null }, { take: { last: 50 } }],
  ])('follows from %s', async (_what, args, window) => {
    const { calls, errors } = await run(Messages, { roomId: 'room1', ...args });
    expect(errors).toBeUndefined();
    expect(calls).toEqual([['messages', 'room1', window]]);
  });
});

describe('what this node knows of an open room', () => {
  test.each([
    ['is enough for the newest messages', {}, [KNOWN]],
    ['is enough for older messages', { before: '1000-0', last: 3 }, [KNOWN]],
    ['is enough for messages from the beginning', { first: 3 }, [KNOWN]],
    ['is enough for a window with an end', { after: '1000-0', before: '1009-0' }, [KNOWN]],
    ['is not enough to catch up', { after: '1000-0' }, []],
    ['is not enough to catch up from the newest end', { after: '1000-0', last: 3 }, []],
  ])('%s', async (_what, args, known) => {
    const { calls } = await run(Messages, { roomId: 'open', ...args });
    expect(calls[0]!.slice(3)).toEqual(known);
  });
});

describe('a page', () => {
  test('has each message with its id as the cursor, and page info', async () => {
    const page = {
      messages: [messageOf('room1', 1), messageOf('room1', 2)],
      hasOlder: true,
      hasNewer: false,
      head: '1003-0',
    };
    const { data } = await run(Messages, { roomId: 'room1' }, { page });
    expect(data).toEqual({
      messages: {
        edges: [
          { cursor: '1001-0', node: { id: '1001-0', content: 'message 1' } },
          { cursor: '1002-0', node: { id: '1002-0', content: 'message 2' } },
        ],
        nodes: [1, 2].map((number) => ({
          id: `${1000 + number}-0`,
          roomId: 'room1',
          content: `message ${number}`,
          createdAt: `1970-01-01T00:00:01.00${number}Z`,
          author: { id: 'u1', name: 'Ada' },
        })),
        pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: '1001-0', endCursor: '1002-0' },
      },
    });
  });

  test('ends at the head of the room if it is empty and was requested without a cursor', async () => {
    const page = { messages: [], hasOlder: false, hasNewer: false, head: '1003-0' };
    const endOf = async (more: object) => {
      const { data } = await run(Messages, { roomId: 'room1', ...more }, { page });
      return (data as { messages: { pageInfo: { endCursor: unknown } } }).messages.pageInfo.endCursor;
    };
    expect(await endOf({})).toBe('1003-0');
    expect(await endOf({ last: 1 })).toBe('1003-0');
    expect(await endOf({ after: '1002-0' })).toBeNull();
    expect(await endOf({ before: '1002-0' })).toBeNull();
  });

  test('can be empty', async () => {
    const { data } = await run(Messages, { roomId: 'room1' });
    expect(data).toEqual({
      messages: {
        edges: [],
        nodes: [],
        pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
      },
    });
  });
});
