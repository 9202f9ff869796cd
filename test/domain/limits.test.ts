import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, inputRules } from '#domain/limits.js';

const rules = inputRules(DEFAULT_LIMITS);
const accepts = (rule: keyof typeof rules, value: unknown) => rules[rule].safeParse(value).success;

describe('valid room ids', () => {
  test.each(['a', 'room1', 'Room_1.2-3', '.', '-', '0', 'x'.repeat(64)])('include %j', (id) => {
    expect(accepts('roomId', id)).toBe(true);
  });

  // Each of these could select another key, slot or channel, or look like another room.
  test.each([
    '',
    'x'.repeat(65),
    'a:b',
    '{x}',
    'a b',
    'a\n',
    '\na',
    'a\0',
    '../',
    'a/b',
    'a*',
    'a?',
    '[a]',
    'é',
    '\uff41',
    '\uff11',
    '\u0430',
    '\u017f',
    '\u212a',
    '😀',
    'a\u200bb',
    '%41',
  ])('do not include %j', (id) => {
    expect(accepts('roomId', id)).toBe(false);
  });
});

describe('content and names', () => {
  test('are trimmed, and only content may contain newlines', () => {
    expect(rules.content.parse('  a\nb \n')).toBe('a\nb');
    expect(rules.name.parse(' Ann ')).toBe('Ann');
    expect(accepts('name', 'A\nB')).toBe(false);
  });

  test('are counted in code points', () => {
    expect(accepts('content', '😀'.repeat(500))).toBe(true);
    expect(accepts('content', '😀'.repeat(501))).toBe(false);
    expect(accepts('content', ` ${'a'.repeat(500)} `)).toBe(true);
    expect(accepts('name', 'é'.repeat(40))).toBe(true);
    expect(accepts('name', 'é'.repeat(41))).toBe(false);
  });

  test.each(['', '   ', '\n', '\u3000'])('are empty if they are %j', (text) => {
    expect(accepts('content', text)).toBe(false);
    expect(accepts('name', text)).toBe(false);
  });

  test.each(['a\0b', 'a\tb', 'a\rb', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\ud800b'])(
    'must not contain control characters or lone surrogates: %j',
    (text) => {
      expect(accepts('content', text)).toBe(false);
      expect(accepts('name', text)).toBe(false);
    },
  );

  test.each(['👨‍👩‍👧‍👦', 'שלום', 'e\u0301', 'a\u2028b', '𝕳', '</script>', "'; DROP"])(
    'can contain any other text: %j',
    (text) => {
      expect(rules.content.parse(text)).toBe(text);
    },
  );
});

test('nonces are 1 to 64 letters, digits, `_`, `-`, `.` or `:`', () => {
  for (const nonce of ['a', 'a:b.c-d_1', 'x'.repeat(64)]) expect(accepts('nonce', nonce), nonce).toBe(true);
  for (const nonce of ['', 'x'.repeat(65), 'a b', 'a\n', 'é', '{a}'])
    expect(accepts('nonce', nonce), nonce).toBe(false);
});

test('cursors are ids or "0"', () => {
  for (const cursor of ['0', '1-0', '1700000000000-5']) expect(accepts('cursor', cursor), cursor).toBe(true);
  for (const cursor of ['', '1', '-1', 'abc', '1-0x']) expect(accepts('cursor', cursor), cursor).toBe(false);
});

test('page sizes and room counts have limits, which errors mention', () => {
  expect(accepts('pageSize', 0)).toBe(true);
  expect(accepts('pageSize', 200)).toBe(true);
  expect(accepts('pageSize', -1)).toBe(false);
  const { error } = rules.pageSize.safeParse(201);
  expect(error?.issues[0]).toMatchObject({ message: 'must be at most 200', params: { limit: 200 } });
  expect(accepts('roomCount', 501)).toBe(false);
});
