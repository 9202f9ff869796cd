import { expect, test } from 'vitest';
import { Recently } from '#redis/client/recently.js';

function recently(limit = 3) {
  const clock = { now: 0 };
  return { clock, names: new Recently(1_000, limit, () => clock.now) };
}

test('a name is noted once in its time', () => {
  const { clock, names } = recently();
  expect(names.note('a')).toBe(true);
  clock.now = 999;
  expect(names.note('a')).toBe(false);
  clock.now = 1_000;
  expect(names.note('a')).toBe(true);
  clock.now = 1_999;
  expect(names.note('a')).toBe(false);
});

test('a name that is forgotten can be noted again', () => {
  const { names } = recently();
  names.note('a');
  names.note('b');
  names.forget('a');
  names.forget('never noted');
  expect([names.note('a'), names.note('b')]).toEqual([true, false]);
  names.forgetAll();
  expect([names.note('a'), names.note('b')]).toEqual([true, true]);
});

test('no more names are kept than the limit: the one noted first is forgotten', () => {
  const { clock, names } = recently();
  for (const name of ['a', 'b', 'c']) {
    clock.now += 1;
    names.note(name);
  }
  // It is no longer the oldest then.
  clock.now = 1_001;
  names.note('a');
  names.note('d');
  expect(names.size).toBe(3);
  expect(['c', 'a', 'd'].map((name) => names.note(name))).toEqual([false, false, false]);
  expect(names.note('b')).toBe(true);
});

test('names whose time is over take no memory', () => {
  const { clock, names } = recently(1_000);
  for (let number = 0; number < 900; number += 1) names.note(`old${number}`);
  clock.now = 1_000;
  names.note('new');
  expect(names.size).toBe(1);
});
