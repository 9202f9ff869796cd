import { expect, test } from 'vitest';
import { compareIds, isCursor, isEntryId, millisecondsOf } from '#domain/cursor.js';
import { storedAt } from '#domain/entry.js';

test.each(['0-0', '1-0', '1700000000000-0', '1700000000000-12', '9999999999999999-9999999999999999'])(
  '%s is an id and a cursor',
  (text) => {
    expect(isEntryId(text)).toBe(true);
    expect(isCursor(text)).toBe(true);
  },
);

test.each([
  '',
  '0',
  '-',
  '1',
  '1-',
  '-1',
  '01-0',
  '1-00',
  '1-0 ',
  ' 1-0',
  '1-0\n',
  '1-0-0',
  '1.5-0',
  '12345678901234567-0',
])('%j is not an id', (text) => {
  expect(isEntryId(text)).toBe(false);
  expect(isCursor(text)).toBe(text === '0');
});

test('ids are compared as numbers, and the beginning is the smallest', () => {
  const ids = ['10-0', '9-1', '0', '9-10', '9-2', '0-1', '9-1'];
  expect(ids.sort(compareIds)).toEqual(['0', '0-1', '9-1', '9-1', '9-2', '9-10', '10-0']);
  expect(compareIds('5-0', '5-0')).toBe(0);
});

test('the time of an entry comes from its id', () => {
  expect(millisecondsOf('1700000000000-3')).toBe(1_700_000_000_000);
  expect(millisecondsOf('0')).toBe(0);
  const entry = { id: '1700000000000-3', prev: '0', kind: 'gone' };
  expect(storedAt(entry).toISOString()).toBe('2023-11-14T22:13:20.000Z');
});
