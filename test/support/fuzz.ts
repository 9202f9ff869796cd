import { randomFrom } from './random.js';

/** Random values that depend only on the seed. */
export class Seeded {
  /** Returns a number from 0 to 1 (exclusive). */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = randomFrom(seed);
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

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
const DOCUMENTS = [
  '{ __typename }',
  'subscription { messageAdded(roomId: "fuzz") { id content } }',
  'subscription ($last: Int) { messageAdded(roomId: "fuzz", last: $last) { id author { name } } }',
  'mutation { sendMessage(input: { roomId: "fuzz", author: "Fuzz", content: "x" }) { id } }',
  '{ messages(roomId: "fuzz", last: 5) { nodes { id } } }',
  'query A { __typename } query B { activeRooms { id } }',
  '{ nothing }',
  '{',
  '',
];
const SCRAPS: unknown[] = [null, true, 0, -1, 1e308, '', 'x', [], {}, [[]], { a: { b: {} } }, '\ud800'];

/** A random message that resembles one of the protocol. */
function message(random: Seeded): unknown {
  const scrap = () => random.of(SCRAPS);
  const kind = random.below(200);
  if (kind < 40) {
    const payload: Record<string, unknown> = { query: random.of(DOCUMENTS) };
    if (random.chance(0.3)) payload.variables = random.chance(0.97) ? { last: random.below(9) } : scrap();
    if (random.chance(0.1)) payload.operationName = random.chance(0.95) ? 'A' : scrap();
    if (random.chance(0.1)) payload.extensions = random.chance(0.95) ? { persistedQuery: scrap() } : scrap();
    if (random.chance(0.05)) payload.documentId = scrap();
    return { type: 'subscribe', id: `${random.below(5_000)}`, payload };
  }
  if (kind < 80) return { type: 'complete', id: `${random.below(5_000)}` };
  if (kind < 110) return { type: 'ping', payload: random.chance(0.5) ? { n: random.below(9) } : undefined };
  if (kind < 199) return { type: 'pong' };
  return { type: random.of(TYPES), id: random.of([...IDS, scrap()]), payload: scrap() };
}

/** A random frame: usually a valid message, sometimes broken at any level. */
export function fuzzFrame(random: Seeded): Buffer {
  const text = Buffer.from(JSON.stringify(message(random)) ?? 'null');
  const kind = random.below(1_000);
  if (kind === 0) return random.bytes(1 + random.below(64));
  if (kind === 1) return frame(text, { opcode: random.below(16), fin: random.chance(0.5) });
  if (kind === 2) return frame(text, { masked: false });
  if (kind === 3) return frame(text, { length: random.of([0, 125, 126, 65_535, 65_537, 90_000_000]) });
  if (kind === 4) return frame(random.bytes(random.below(200)), { opcode: random.of([1, 2, 8, 9, 10]) });
  const whole = frame(text);
  if (kind === 5) return whole.subarray(0, random.below(whole.length));
  if (kind === 6) {
    for (let flips = 1 + random.below(4); flips > 0; flips -= 1)
      whole[random.below(whole.length)]! ^= 1 << random.below(8);
    return whole;
  }
  // Clients may also send pings and fragmented messages.
  if (kind < 20) return frame(random.bytes(random.below(125)), { opcode: random.of([9, 10]) });
  if (kind < 30) {
    const middle = random.below(text.length);
    const [first, second] = [text.subarray(0, middle), text.subarray(middle)];
    return Buffer.concat([frame(first, { fin: false }), frame(second, { opcode: 0 })]);
  }
  return whole;
}
