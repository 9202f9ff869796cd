/** Operations for fuzzing, valid and almost valid, and ways to break them. */
import type { Seeded } from './seeded.js';

/** A room whose pages are long enough to fill the buffers of a client that does not read. */
export const LONG_ROOM = 'long';

const QUERIES = [
  '{ __typename }',
  '{ messages(roomId: "fuzz", last: 5) { nodes { id } } }',
  'query A { __typename } query B { activeRooms { id } }',
  'query A($last: Int) { messages(roomId: "fuzz", last: $last) { nodes { id author { name } } } }',
  '{ activeRooms(limit: 3) { id connectionCount lastMessage { content } } }',
  '{ __schema { types { name } } }',
  'mutation { sendMessage(input: { roomId: "fuzz", author: "Fuzz", content: "x" }) { id } }',
  'mutation { setSlowMode(roomId: "fuzz", seconds: 1) { id } }',
  'mutation { endSession }',
  '{ messages(roomId: "fuzz", first: 1, last: 1) { nodes { id } } }',
  '{ nothing }',
  '{',
  '',
];

const SUBSCRIPTIONS = [
  'subscription { messageAdded(roomId: "fuzz") { id content } }',
  'subscription A($last: Int) { messageAdded(roomId: "fuzz", last: $last) { id author { name } } }',
  'subscription { messageAdded(roomId: "fuzz", after: "0") { id } }',
  'subscription { messageAdded(roomId: "no room") { id } }',
  'subscription { roomUpdated(roomId: "fuzz") { id connectionCount } }',
  'subscription { serverStats { __typename } }',
];

const LONG = `{ messages(roomId: "${LONG_ROOM}", last: 200) { nodes { id content } } }`;

/** Values that are unlikely to be expected. */
export const SCRAPS: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'x',
  [],
  {},
  [[]],
  { a: { b: {} } },
  '\ud800',
  '\0',
  '__proto__',
  'x'.repeat(300),
];

export interface Operation {
  query: unknown;
  variables?: unknown;
  operationName?: unknown;
  extensions?: unknown;
  documentId?: unknown;
}

/** An operation, usually valid. `long` is how many of a thousand ask for a long page. */
export function operation(random: Seeded, { subscribes = 0.2, long = 2 } = {}): Operation {
  const scrap = () => random.of(SCRAPS);
  const made: Operation = {
    query: random.chance(subscribes)
      ? random.of(SUBSCRIPTIONS)
      : random.chance(long / 1_000)
        ? LONG
        : random.of(QUERIES),
  };
  if (random.chance(0.3)) made.variables = random.chance(0.9) ? { last: random.below(9) } : scrap();
  if (random.chance(0.1)) made.operationName = random.chance(0.8) ? 'A' : scrap();
  if (random.chance(0.05)) made.extensions = random.chance(0.7) ? { persistedQuery: scrap() } : scrap();
  if (random.chance(0.02)) made.documentId = scrap();
  return made;
}

/** Breaks one value somewhere inside a JSON value. */
export function broken(random: Seeded, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.2)) return random.of(SCRAPS);
  if (Array.isArray(value))
    return random.chance(0.5) ? [...value, ...value] : Object.fromEntries(value.entries());
  const entries = Object.entries(value);
  if (entries.length === 0) return random.of(SCRAPS);
  const at = random.below(entries.length);
  const [name, part] = entries[at]!;
  entries[at] = random.choose<[string, unknown]>(
    [6, () => [name, broken(random, part)]],
    [1, () => [random.of(['', '__proto__', 'constructor', 'toString', `${name}${name}`]), part]],
    [1, () => [name, undefined]],
    [1, () => [name, [part]]],
    [1, () => [name, { [name]: part }]],
  );
  // Unlike a literal, this makes `__proto__` an own property.
  return Object.fromEntries(entries);
}

/** JSON that is nested thousands of levels deep, as text: some parsers and writers recurse. */
export function deepJson(random: Seeded, bytes: number): string {
  const [open, close] = random.of([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ] as const);
  const depth = random.between(1, Math.floor(bytes / (open.length + close.length)));
  return `${open.repeat(depth)}${random.of(['1', '[]', '{}', ''])}${close.repeat(depth)}`;
}

/** Writes JSON with one of its strings or objects replaced by deep JSON, or by a huge string. */
export function withHugePart(random: Seeded, value: unknown, bytes = 60_000): string {
  const text = JSON.stringify(value);
  const parts = [...text.matchAll(/(?<=:)("[^"]*"|\{\})/g)];
  if (parts.length === 0) return text;
  const { index, 0: part } = random.of(parts);
  const huge = random.chance(0.6)
    ? deepJson(random, bytes)
    : JSON.stringify('é'.repeat(random.below(bytes / 2)));
  return text.slice(0, index) + huge + text.slice(index + part.length);
}

/** Breaks bytes: flips some bits, cuts them short, repeats or swaps a part, or inserts random ones. */
export function brokenBytes(random: Seeded, bytes: Buffer): Buffer {
  if (bytes.length === 0) return random.bytes(random.below(8));
  const [before, part, after] = random.cut(bytes, 3) as [Buffer, Buffer, Buffer];
  return random.choose(
    [
      4,
      () => {
        const flipped = Buffer.from(bytes);
        for (let flips = random.between(1, 4); flips > 0; flips -= 1)
          flipped[random.below(bytes.length)]! ^= 1 << random.below(8);
        return flipped;
      },
    ],
    [1, () => before],
    [1, () => Buffer.concat([bytes, bytes])],
    [1, () => Buffer.concat([before, part, part, after])],
    [1, () => Buffer.concat([before, after, part])],
    [1, () => Buffer.concat([before, random.bytes(random.between(1, 8)), after])],
    // Invalid UTF-8.
    [
      1,
      () =>
        Buffer.concat([
          before,
          Buffer.from(random.of(['ff', 'c0af', 'eda080', 'f8', 'c3'] as const), 'hex'),
          after,
        ]),
    ],
  );
}
