/**
 * WebSocket frames (RFC 6455, section 5.2): whole messages of text, unmasked, as a server sends them.
 *
 *   81 <length>  {"id":"<operation id>","type":"next","payload":<result>}
 *
 * The `next` messages of a shared subscription differ between two subscribers in the operation's id alone. So
 * a batch of frames is built once for all ids of one length, with the places of the id left open. Each
 * subscriber's id is set into them just before they are written.
 */
import type { Writable } from 'node:stream';
import type { Framing } from '#fanout/projection/framing.js';

const BEFORE_ID = Buffer.from('{"id":"');
const AFTER_ID = Buffer.from('","type":"next","payload":');
const END = Buffer.from('}');

/** Frames with these texts, one after the other. */
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

/** Frames with the places of the operation's id left open. */
export class OpenFrames {
  constructor(
    private bytes: Buffer,
    private readonly places: readonly number[],
    /** Space for one id, shared by all frames with ids of that length. */
    private readonly idBytes: Buffer,
  ) {}

  /** Sets the id, as it stands in JSON, into every frame, and writes them all at once. */
  writeTo(socket: Writable, id: string): void {
    // As many bytes as characters means ASCII, which is faster to write as latin1.
    this.idBytes.write(id, id.length === this.idBytes.length ? 'latin1' : 'utf8');
    for (const place of this.places) this.bytes.set(this.idBytes, place);
    const { bytes } = this;
    socket.write(bytes);
    // The socket still holds what it could not pass on at once: the next subscriber gets bytes of its own.
    if (socket.writableLength > 0) this.bytes = Buffer.from(bytes);
  }
}

/** The framing for operation ids whose JSON text has this many bytes. */
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
    const places: number[] = [];
    let at = 0;
    for (const payload of payloads) {
      at = writeHeader(bytes, at, around + payload.length);
      at += BEFORE_ID.copy(bytes, at);
      places.push(at);
      at += this.idLength;
      at += AFTER_ID.copy(bytes, at);
      at += payload.copy(bytes, at);
      at += END.copy(bytes, at);
    }
    return new OpenFrames(bytes, places, this.#idBytes);
  }
}

/** One framing for each length of id, made when it is first needed. */
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
  bytes[at] = 0x81; // a whole message of text in one frame
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
