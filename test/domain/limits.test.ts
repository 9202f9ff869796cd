import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, inputRules } from '#domain/limits.js';

const rules = inputRules(DEFAULT_LIMITS);
const accepts = (rule: keyof typeof rules, value: unknown) => rules[rule].safeParse(value).success;

describe('room ids', () => {
  test.each(['a', 'room1', 'Room_1.2-3', '.', '-', '0', 'x'.repeat(64)])('%j is one', (id) => {
    expect(accepts('roomId', id)).toBe(true);
  });

  // Each of these would reach another key, another slot or another channel, or read like another room.
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
  ])('%j is none', (id) => {
    expect(accepts('roomId', id)).toBe(false);
  });
});

describe('content and names', () => {
  test('are trimmed, and keep newlines in content alone', () => {
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

  test.each(['', '   ', '\n', '\u3000'])('%j is empty', (text) => {
    expect(accepts('content', text)).toBe(false);
    expect(accepts('name', text)).toBe(false);
  });

  test.each(['a\0b', 'a\tb', 'a\rb', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\ud800b'])(
    '%j is refused',
    (text) => {
      expect(accepts('content', text)).toBe(false);
      expect(accepts('name', text)).toBe(false);
    },
  );

  test.each(['👨‍👩‍👧‍👦', 'שלום', 'e\u0301', 'a\u2028b', '𝕳', '</script>', "'; DROP"])(
    '%j is let through as it is',
    (text) => {
      expect(rules.content.parse(text)).toBe(text);
    },
  );
});

test('nonces', () => {
  for (const nonce of ['a', 'a:b.c-d_1', 'x'.repeat(64)]) expect(accepts('nonce', nonce), nonce).toBe(true);
  for (const nonce of ['', 'x'.repeat(65), 'a b', 'a\n', 'é', '{a}'])
    expect(accepts('nonce', nonce), nonce).toBe(false);
});

test('cursors', () => {
  for (const cursor of ['0', '1-0', '1700000000000-5']) expect(accepts('cursor', cursor), cursor).toBe(true);
  for (const cursor of ['', '1', '-1', 'abc', '1-0x']) expect(accepts('cursor', cursor), cursor).toBe(false);
});

test('page sizes and room counts say their limit', () => {
  expect(accepts('pageSize', 0)).toBe(true);
  expect(accepts('pageSize', 200)).toBe(true);
  expect(accepts('pageSize', -1)).toBe(false);
  const { error } = rules.pageSize.safeParse(201);
  expect(error?.issues[0]).toMatchObject({ message: 'must be at most 200', params: { limit: 200 } });
  expect(accepts('roomCount', 501)).toBe(false);
});
