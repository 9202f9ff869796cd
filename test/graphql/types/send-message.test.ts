import { describe, expect, test } from 'vitest';
import type { Viewer } from '#domain/viewer.js';
import { run } from '#test/graphql/recording.js';
import { SendMessage } from '#test/support/documents.js';

const viewer: Viewer = { user: { id: 'u1', name: 'Ada' }, roles: ['viewer'] };
const input = { roomId: 'room1', content: 'hello' };

describe('the author of a message', () => {
  test('is the viewer, even if a name is given', async () => {
    const { calls } = await run(
      SendMessage,
      { input: { ...input, author: 'Eve' } },
      { viewer, allowGuests: false },
    );
    expect(calls).toEqual([['append', { ...input, author: viewer.user }]]);
  });

  test('is a guest with the given name', async () => {
    const { calls } = await run(SendMessage, { input: { ...input, author: 'Bob' } });
    expect(calls).toEqual([['append', { ...input, author: { id: 'guest:Bob', name: 'Bob' } }]]);
  });

  test.each([undefined, null])('is "Guest" if the name of a guest is %s', async (author) => {
    const { calls } = await run(SendMessage, { input: { ...input, author } });
    expect(calls).toEqual([['append', { ...input, author: { id: 'guest:Guest', name: 'Guest' } }]]);
  });

  test('cannot be a guest if guests are not allowed', async () => {
    const { calls, refusal } = await run(SendMessage, { input }, { allowGuests: false });
    expect(refusal?.code).toBe('UNAUTHENTICATED');
    expect(calls).toEqual([]);
  });
});

describe('a nonce', () => {
  test('is passed to the log unchanged', async () => {
    const nonce = '0b0e1c1e-8d7c-4a3e-9f6a-2d1f7d1c2b3a';
    const { calls } = await run(SendMessage, { input: { ...input, nonce } }, { viewer });
    expect(calls).toEqual([['append', { ...input, nonce, author: viewer.user }]]);
  });

  test('is omitted if it is null', async () => {
    const { calls } = await run(SendMessage, { input: { ...input, nonce: null } }, { viewer });
    expect(calls).toEqual([['append', { ...input, author: viewer.user }]]);
  });
});
