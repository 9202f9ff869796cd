/** Random WebSocket messages and frames. */
import { broken, brokenBytes, operation, SCRAPS, withHugePart } from './operations.js';
import type { Seeded } from './seeded.js';

const MASK = Buffer.from([0x11, 0x22, 0x33, 0x44]);

/** A masked client frame. Its header fields may be wrong on purpose. */
export function frame(
  payload: Buffer,
  { opcode = 1, fin = true, masked = true, length = payload.length } = {},
): Buffer {
  const head = [(fin ? 0x80 : 0) | opcode];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) head.push(maskBit | length);
  else if (length < 65_536) head.push(maskBit | 126, length >> 8, length & 0xff);
  else
    head.push(
      maskBit | 127,
      0,
      0,
      0,
      0,
      (length >>> 24) & 0xff,
      (length >>> 16) & 0xff,
      (length >>> 8) & 0xff,
      length & 0xff,
    );
  const body = Buffer.from(payload);
  if (masked) for (let index = 0; index < body.length; index += 1) body[index]! ^= MASK[index & 3]!;
  return Buffer.concat([Buffer.from(head), masked ? MASK : Buffer.alloc(0), body]);
}

const IDS = ['1', '2', '3', '', '__proto__', 'constructor', '🔑', 'x'.repeat(300)];
const TYPES = [
  'connection_init',
  'connection_ack',
  'ping',
  'pong',
  'subscribe',
  'next',
  'error',
  'complete',
  'x',
  '',
];

/** A message of the protocol. */
function message(random: Seeded): object {
  const id = `${random.below(200)}`;
  return random.choose<object>(
    [40, () => ({ type: 'subscribe', id, payload: operation(random) })],
    [40, () => ({ type: 'complete', id })],
    [30, () => ({ type: 'ping', payload: random.chance(0.5) ? { n: random.below(9) } : undefined })],
    [30, () => ({ type: 'pong' })],
  );
}

/** Text that resembles a message. */
function brokenText(random: Seeded): Buffer {
  const original = message(random);
  const text = Buffer.from(JSON.stringify(original));
  return random.choose(
    [4, () => brokenBytes(random, text)],
    [4, () => Buffer.from(JSON.stringify(broken(random, original)) ?? '')],
    [1, () => Buffer.from(withHugePart(random, original))],
    [1, () => Buffer.from(JSON.stringify({ ...original, id: random.of([...IDS, ...SCRAPS]) }))],
    [
      1,
      () => {
        const payload = random.of(SCRAPS);
        return Buffer.from(JSON.stringify({ type: random.of(TYPES), id: random.of(IDS), payload }));
      },
    ],
    [1, () => random.bytes(random.below(200))],
  );
}

/** A frame that is wrong itself, such as one with a reserved opcode or a length that is not its own. */
function brokenFrame(random: Seeded): Buffer {
  const text = Buffer.from(JSON.stringify(message(random)));
  return random.choose(
    [1, () => random.bytes(random.between(1, 64))],
    [1, () => frame(text, { opcode: random.below(16), fin: random.chance(0.5) })],
    [1, () => frame(text, { masked: false })],
    [1, () => frame(text, { length: random.of([0, 125, 126, 65_535, 65_537, 90_000_000]) })],
    [1, () => frame(random.bytes(random.below(200)), { opcode: random.of([1, 2, 8, 9, 10]) })],
    [2, () => brokenBytes(random, frame(text))],
  );
}

/** Fragments that one message may have. */
const MOST_FRAGMENTS = 32;

function control(random: Seeded): Buffer {
  return frame(random.bytes(random.below(125)), { opcode: random.of([9, 10]) });
}

/** A message in fragments: a few random ones, one byte each, or too many. Pings may come between them. */
function fragments(random: Seeded, text: Buffer): Buffer {
  const pieces = random.choose(
    [16, () => random.cut(text, random.between(2, 8))],
    [8, () => random.cut(text, random.between(9, MOST_FRAGMENTS))],
    // A short message can come in one byte each.
    [8, () => Array.from(Buffer.from('{"type":"pong"}'), (byte) => Buffer.of(byte))],
    [1, () => random.cut(text, random.between(MOST_FRAGMENTS + 1, 2 * MOST_FRAGMENTS))],
    [1, () => Array.from(text, (byte) => Buffer.of(byte))],
  );
  const between = random.chance(0.5) ? 0.3 : 0;
  const frames = pieces.flatMap((piece, index) => {
    const sent = frame(piece, { opcode: index === 0 ? 1 : 0, fin: index === pieces.length - 1 });
    return random.chance(between) ? [control(random), sent] : [sent];
  });
  return Buffer.concat(frames);
}

/** One input: a message in one or several frames. Usually valid, sometimes broken at any level. */
export function webSocketInput(random: Seeded): Buffer {
  const text = () => Buffer.from(JSON.stringify(message(random)));
  return random.choose(
    [80, () => frame(text())],
    [10, () => fragments(random, text())],
    [3, () => control(random)],
    [5, () => frame(brokenText(random))],
    [1, () => fragments(random, brokenText(random))],
    [1, () => brokenFrame(random)],
  );
}
