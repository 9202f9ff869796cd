/**
 * WebSocket frames (RFC 6455, section 5.2): unfragmented, unmasked text messages, as servers send them.
 *
 *   81 <length>  {"id":"<operation id>","type":"next","payload":<result>}
 *
 * The `next` messages of a shared subscription differ between subscribers only in the operation's id. So a
 * batch of frames is encoded once for all ids of the same length, with gaps for the id. Each subscriber's id
 * is filled in just before the frames are written.
 */
import type { Writable } from 'node:stream';
import type { Framing } from '#fanout/projection/framing.js';

const BEFORE_ID = Buffer.from('{"id":"');
const AFTER_ID = Buffer.from('","type":"next","payload":');
const END = Buffer.from('}');

/** Encodes each text as a frame and concatenates the frames. */
export function textFrames(...texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  let size = 0;
  for (const length of lengths) size += headerLength(length) + length;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    at = writeHeader(bytes, at, lengths[index]!);
    at += bytes.write(text, at);
  }
  return bytes;
}

/** Frames with gaps for the operation's id. */
export class OpenFrames {
  constructor(
    private bytes: Buffer,
    /** The offsets of the gaps. */
    private readonly gaps: readonly number[],
    /** A buffer for one id, shared by all frames with ids of this length. */
    private readonly idBytes: Buffer,
  ) {}

  /** Fills in the id, which must be escaped as in JSON, and writes all frames at once. */
  writeTo(socket: Writable, id: string): void {
    // If the id has as many bytes as characters, it is ASCII, which is faster to write as latin1.
    this.idBytes.write(id, id.length === this.idBytes.length ? 'latin1' : 'utf8');
    for (const gap of this.gaps) this.bytes.set(this.idBytes, gap);
    const { bytes } = this;
    socket.write(bytes);
    // The socket still references bytes that it could not send yet, so the next subscriber needs a copy.
    if (socket.writableLength > 0) this.bytes = Buffer.from(bytes);
  }
}

/** The framing for operation ids of `idLength` bytes, escaped as in JSON. */
export class WebSocketFraming implements Framing<OpenFrames> {
  readonly key: string;

  readonly #idBytes: Buffer;

  constructor(private readonly idLength: number) {
    this.key = `ws ${idLength}`;
    this.#idBytes = Buffer.allocUnsafeSlow(idLength);
  }

  encode(payloads: readonly Buffer[]): OpenFrames {
    const around = BEFORE_ID.length + this.idLength + AFTER_ID.length + END.length;
    let size = 0;
    for (const payload of payloads) size += headerLength(around + payload.length) + around + payload.length;
    const bytes = Buffer.allocUnsafeSlow(size);
    const gaps: number[] = [];
    let at = 0;
    for (const payload of payloads) {
      at = writeHeader(bytes, at, around + payload.length);
      at += BEFORE_ID.copy(bytes, at);
      gaps.push(at);
      at += this.idLength;
      at += AFTER_ID.copy(bytes, at);
      at += payload.copy(bytes, at);
      at += END.copy(bytes, at);
    }
    return new OpenFrames(bytes, gaps, this.#idBytes);
  }
}

/** One framing per id length, created when it is first needed. */
export class WebSocketFramings {
  readonly #byLength = new Map<number, WebSocketFraming>();

  forIdOf(length: number): WebSocketFraming {
    let framing = this.#byLength.get(length);
    if (framing === undefined) {
      framing = new WebSocketFraming(length);
      this.#byLength.set(length, framing);
    }
    return framing;
  }
}

function headerLength(payload: number): number {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}

function writeHeader(bytes: Buffer, at: number, payload: number): number {
  bytes[at] = 0x81; // FIN and the text opcode: an unfragmented text message
  if (payload < 126) {
    bytes[at + 1] = payload;
  } else if (payload < 65_536) {
    bytes[at + 1] = 126;
    bytes.writeUInt16BE(payload, at + 2);
  } else {
    bytes[at + 1] = 127;
    bytes.writeBigUInt64BE(BigInt(payload), at + 2);
  }
  return at + headerLength(payload);
}
