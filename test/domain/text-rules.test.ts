import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { badInput } from '#domain/errors.js';
import { DEFAULT_LIMITS, inputRules } from '#domain/limits.js';
import { cleanName, hidesSomething, isVisible } from '#domain/text-rules.js';

const rules = inputRules(DEFAULT_LIMITS);
const refusalOf = (rule: 'content' | 'name', text: string) =>
  rules[rule].safeParse(text).error?.issues.map(({ message }) => badInput(rule, message).message);

const BLANKS = {
  'zero width space': '\u200b',
  'zero width joiners': '\u200c\u200d',
  'word joiner': '\u2060',
  'byte order marks': '\u2060\ufeff\u2060',
  'soft hyphens': '\u00ad\u00ad',
  'braille blank': '\u2800',
  'Hangul fillers': '\u115f\u1160\u3164\uffa0',
  'Mongolian vowel separator and selectors': '\u180e\u180b\u180f',
  'Khmer inherent vowels': '\u17b4\u17b5',
  'combining grapheme joiner': '\u034f',
  'direction marks': '\u200e\u200f\u061c',
  'direction embeddings and isolates': '\u202a\u202e\u202c\u2066\u2069',
  'invisible operators': '\u2061\u2064',
  'deprecated format characters': '\u206a\u206f',
  'tag characters': '\u{e0041}\u{e0042}',
  'variation selectors': '\ufe0f\ufe00\u{e0100}',
  'interlinear annotation': '\ufff9\ufffa\ufffb',
  'object replacement character': '\ufffc',
  'blank hieroglyphs and noteheads': '\u{13441}\u{1d159}',
  'blanks between white space': '\u200b \n \u2060 \u3000 \u200d',
};

describe('an invisible text', () => {
  test.each(Object.entries(BLANKS))('is refused as a message: %s', (_what, text) => {
    expect(refusalOf('content', text)).toEqual(['content must contain something visible.']);
  });

  test.each(Object.entries(BLANKS))('is refused as a name: %s', (_what, text) => {
    expect(refusalOf('name', text)).toContain('name must contain something visible.');
  });

  test('has a different error than an empty one', () => {
    expect(refusalOf('content', ' ')).toEqual(['content must not be empty.']);
  });
});

describe('a message', () => {
  test.each([
    'می‌خواهم',
    'ශ්‍රී ලංකා',
    '\u202bمرحبا\u202c',
    '👨‍👩‍👧‍👦',
    'a\u200bb',
    '\u0301',
    '\u3164!',
    '葛\u{e0100}城',
  ])('can contain joiners and direction marks next to visible text: %j', (text) => {
    expect(rules.content.parse(text)).toBe(text);
  });
});

describe('a name', () => {
  const HIDDEN =
    'name must not contain invisible characters or characters that change the direction of text.';

  test.each([
    '\u202a',
    '\u202b',
    '\u202c',
    '\u202d',
    '\u202e',
    '\u2066',
    '\u2067',
    '\u2068',
    '\u2069',
    '\u200e',
    '\u200f',
    '\u061c',
  ])('must not change the direction of the text after it: %j', (control) => {
    expect(refusalOf('name', `A${control}nn`)).toEqual([HIDDEN]);
    for (const copied of [`Ann${control}`, `${control}Ann`, ` ${control} Ann${control}${control} `]) {
      expect(rules.name.parse(copied)).toBe('Ann');
    }
  });

  test.each(Object.values(BLANKS).flatMap((text) => [...text.replace(/\s/gu, '')]))(
    'must not look like another by an invisible character: %j',
    (blank) => {
      expect(refusalOf('name', `Mo${blank}d`)).toEqual([HIDDEN]);
      expect(rules.name.parse(`${blank}Mod${blank}`)).toBe('Mod');
    },
  );

  test.each(['Mod\u2028', 'Mo\u2029d'])('must have one line: %j', (name) => {
    if (name.trim() !== name) return expect(rules.name.parse(name)).toBe('Mod');
    expect(refusalOf('name', name)).toEqual([HIDDEN]);
  });

  test.each([
    ['a family', '👨‍👩‍👧‍👦'],
    ['a heart', 'Ann ❤️'],
    ['a keycap', '1️⃣'],
    ['a flag of tags', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['a rainbow flag', '🏳️‍🌈 Ben'],
    ['Persian', 'علی‌رضا'],
    ['Sinhala', 'ශ්‍රී'],
    ['Bengali', 'র‍্যাব'],
    ['Hebrew', 'דוד'],
    ['Zoë with a combining mark', 'Zoe\u0308'],
  ])('can contain the joiners and selectors that its script or emoji needs: %s', (_what, name) => {
    expect(rules.name.parse(name)).toBe(name);
  });

  test.each(['😀\u200d😀', 'A\u200dB', '葛\u{e0100}飾', '1\ufe0f2', '🏴\u{e0061}!'])(
    'may not use them elsewhere: %j',
    (name) => {
      expect(refusalOf('name', name)).toEqual([HIDDEN]);
    },
  );

  test.each([
    ['Ann\u200c', 'Ann'],
    ['\u200cعلی', 'علی'],
    ['葛\u{e0100}', '葛'],
    ['1\ufe0f', '1'],
    ['🏴\u{e0061}', '🏴'],
    ['Ann ❤️\u202e', 'Ann ❤️'],
  ])('loses those at its ends that have no meaning: %j', (name, trimmed) => {
    expect(rules.name.parse(name)).toBe(trimmed);
  });

  test('loses redundant variation selectors, which some keyboards add', () => {
    expect(rules.name.parse('⭐\ufe0f Ann')).toBe('⭐ Ann');
  });
});

test.each([
  ['marks', `a${'\u0301'.repeat(60_000)}b`],
  ['marks before joiners', `ع${'\u0301'.repeat(30_000)}${'\u200c'.repeat(30_000)}b`],
  ['invisible characters', `a${'\u00ad'.repeat(60_000)}b`],
  ['white space', `a${' '.repeat(60_000)}b`],
  ['emoji', '👨‍👩‍👧‍👦'.repeat(6_000)],
])('a name of 60,000 %s is refused without delay', (_what, name) => {
  expect(refusalOf('name', name)?.[0]).toMatch(/^name must have at most/);
  cleanName(name);
});

describe('a cleaned name', () => {
  const pieces = fc.constantFrom(
    ...Object.values(BLANKS).flatMap((text) => [...text]),
    ...['a', 'ع', 'ल', '\u094d', '❤', '😀', '👩', '🚀', '🏴', '1', '\u20e3', ' '],
  );

  test('hides nothing, and does not change when it is cleaned again', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const name = cleanName(parts.join(''));
        expect(hidesSomething(name)).toBe(false);
        expect(name === '' || isVisible(name)).toBe(true);
        expect(cleanName(name)).toBe(name);
      }),
      { seed: 20_260_131, numRuns: 2_000 },
    );
  });
});
