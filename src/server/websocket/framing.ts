/**
 * Ready-made `next` messages of graphql-transport-ws.
 *
 *   81 <length>  {"id":"<operation id>","type":"next","payload":<result>}
 *
 * A frame differs between two subscribers in the operation's id alone, so a batch of frames is built once
 * for all ids of one length, with the id's places left open; each subscriber's id is set into it just
 * before it is written. (RFC 6455, section 5.2: frames from a server are not masked.)
 */
import type { Writable } from 'node:stream';
import type { Framing } from '#fanout/projection/framing.js';

const BEFORE_ID = Buffer.from('{"id":"');
const AFTER_ID = Buffer.from('","type":"next","payload":');
const END = Buffer.from('}');

/** Frames with the places of the operation's id left open. */
export class OpenFrames {
  constructor(
    private bytes: Buffer,
    private readonly places: readonly number[],
    /** Room for one id, which all frames of that length share. */
    private readonly idBytes: Buffer,
  ) {}

  /** Sets the id, as it stands in JSON, into every frame, and writes them all at once. */
  writeTo(socket: Writable, id: string): void {
    // As many bytes as characters: ASCII, which is written faster as what it is.
    this.idBytes.write(id, id.length === this.idBytes.length ? 'latin1' : 'utf8');
    for (const place of this.places) this.bytes.set(this.idBytes, place);
    const { bytes } = this;
    socket.write(bytes);
    // What the socket could not hand on at once it still holds: the next subscriber gets bytes of its own.
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

/** One framing for each length of id, made when the first such id comes. */
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
  bytes[at] = 0x81; // the whole message in one frame, of text
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
