/**
 * Which characters a message and a name may contain.
 *
 * A message must contain something visible. Otherwise it may contain any character except control characters,
 * because many scripts need joiners and direction marks in running text.
 *
 * A name must contain something visible and must be what it looks like. People recognize their friends and
 * moderators by it, and clients print it in front of other text. So a name must not contain invisible
 * characters, which make different names look the same, or characters that set the direction of text, which
 * also affect the text after the name. Both are trimmed from the ends of a name, and refused elsewhere.
 * Invisible characters are allowed only if they change how the text looks:
 *
 *   emoji           the sequences that Unicode recommends (UTS #51, RGI): families, flags, keycaps
 *   cursive scripts ZWNJ between two letters, as in Persian
 *   Indic scripts   ZWJ or ZWNJ between a virama and a letter, as in Sinhala, and Bengali ra + ZWJ + virama
 *
 * Variation selectors of Chinese characters are not allowed in names, since most fonts ignore them.
 */

/** Characters that are invisible by themselves, besides white space and control characters. */
const INVISIBLE =
  // Default_Ignorable_Code_Point: zero-width characters, fillers, soft hyphens, tags, variation selectors and
  // direction marks. Then others that are rendered as nothing or as a blank:
  // interlinear annotations, the object replacement character, the braille blank, the Khitan filler, blank
  // hieroglyphs and the null notehead.
  '\\p{DI}\\p{Bidi_Control}\\ufff9-\\ufffc\\u2800\\u{16fe4}\\u{13430}-\\u{13440}\\u{13441}-\\u{13446}\\u{1d159}';

const VISIBLE = new RegExp(`[^${INVISIBLE}\\p{White_Space}\\p{Cc}]`, 'u');

/** Line and paragraph separators are white space in a message, but break a name into lines. */
const HIDDEN_IN_NAMES = new RegExp(`[${INVISIBLE}\\u2028\\u2029]`, 'gu');

/** What is trimmed from the ends of a name: invisible characters and white space, which includes line separators. */
const LEADING = new RegExp(`^[${INVISIBLE}\\s]+`, 'u');
// Without the lookbehind, a long run inside a name would be tried from each of its characters, in quadratic time.
const TRAILING = new RegExp(`(?<![${INVISIBLE}\\s])[${INVISIBLE}\\s]+$`, 'u');

const CURSIVE = '[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Mandaic}\\p{Script=Nko}]';
const VIRAMA = '[\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca]';

/**
 * Sequences in which an invisible character changes how the text looks. Emoji sequences need the flag `v`.
 */
const MEANINGFUL = new RegExp(
  [
    '\\p{RGI_Emoji}',
    // Looks back only from a joiner. Looking back from every position would take quadratic time.
    `\\u200c(?<=${CURSIVE}\\p{Mn}*\\u200c)(?=${CURSIVE})`,
    `(?<=${VIRAMA})[\\u200c\\u200d](?=\\p{L})`,
    '(?<=\\u09b0)\\u200d(?=\\u09cd)',
  ].join('|'),
  'gv',
);

/**
 * A variation selector after an emoji that does not need one. Some keyboards add it, but it changes nothing.
 */
const REDUNDANT_SELECTOR = /(?<=\p{Emoji_Presentation})\ufe0f/gu;

/** Whether a text contains anything visible. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/** Whether a name contains invisible characters or direction controls that names may not contain. */
export function hidesSomething(name: string): boolean {
  return name.replace(MEANINGFUL, '').search(HIDDEN_IN_NAMES) >= 0;
}

/**
 * Trims invisible characters and direction controls like white space, because they often come along when a name is
 * copied. Keeps those that belong to a sequence with a meaning, such as an emoji. A name without anything visible loses
 * only its white space.
 */
export function trimName(name: string): string {
  if (!isVisible(name)) return name.trim();
  const rest = name.replace(LEADING, '');
  const sequence = [...rest.matchAll(MEANINGFUL)].at(-1);
  const sequenceEnd = sequence === undefined ? 0 : sequence.index + sequence[0].length;
  return rest.slice(0, sequenceEnd) + rest.slice(sequenceEnd).replace(TRAILING, '');
}

/** Removes variation selectors that change nothing, so that emoji that look the same are equal. */
export function withoutRedundantSelectors(name: string): string {
  return name.replace(REDUNDANT_SELECTOR, '');
}

/**
 * Makes a name valid by removing the characters that `hidesSomething` looks for. Returns an empty string if
 * nothing visible is left.
 */
export function cleanName(name: string): string {
  const canonical = withoutRedundantSelectors(name);
  let cleaned = '';
  let end = 0;
  for (const { 0: kept, index } of canonical.matchAll(MEANINGFUL)) {
    cleaned += canonical.slice(end, index).replace(HIDDEN_IN_NAMES, '') + kept;
    end = index + kept.length;
  }
  cleaned = (cleaned + canonical.slice(end).replace(HIDDEN_IN_NAMES, '')).trim();
  return isVisible(cleaned) ? cleaned : '';
}
