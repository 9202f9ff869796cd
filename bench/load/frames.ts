/**
 * Text frames of at least this many bytes are data. Contents have 100 characters, and after the handshake the
 * protocols' own frames (pings, completions) are shorter than that.
 */
export const DATA_BYTES = 100;

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface FrameHandlers {
  /** A complete data frame arrived, and its payload was skipped. */
  counted(): void;
  /**
   * A frame was read: any frame if `inspect` is true, otherwise a short or control frame. `payload` is valid
   * only during the call.
   */
  frame(opcode: number, payload: Buffer): void;
}

/**
 * Reads WebSocket frame headers from a server's byte stream. If `inspect` is true, it passes on every frame;
 * otherwise it skips the payload of data frames and only counts them. It buffers at most one incomplete frame.
 * Throws on masked, compressed or fragmented frames, which no server in this benchmark sends.
 */
export class FrameReader {
  inspect = true;
  #unfinished: Buffer | undefined;
  #skip = 0;

  constructor(readonly handlers: FrameHandlers) {}

  read(chunk: Buffer): void {
    let bytes = chunk;
    let at = 0;
    if (this.#skip > 0) {
      at = Math.min(this.#skip, bytes.length);
      this.#skip -= at;
      if (this.#skip === 0) this.handlers.counted();
    } else if (this.#unfinished) {
      bytes = Buffer.concat([this.#unfinished, chunk]);
      this.#unfinished = undefined;
    }
    at = this.#frames(bytes, at);
    // The next socket reuses the chunk's memory, so copy the remainder.
    if (at < bytes.length) this.#unfinished = Buffer.from(bytes.subarray(at));
  }

  /** Reads frames from offset `from`. Returns the offset of the first incomplete frame. */
  #frames(bytes: Buffer, from: number): number {
    let at = from;
    while (bytes.length - at >= 2) {
      const first = bytes[at]!;
      const opcode = first & 0x0f;
      const second = bytes[at + 1]!;
      if ((first & 0xf0) !== 0x80 || opcode === 0 || second & 0x80)
        throw new Error('Expected an unmasked, uncompressed, unfragmented frame.');
      const header = second === 127 ? 10 : second === 126 ? 4 : 2;
      if (bytes.length - at < header) return at;
      const length =
        second === 127
          ? Number(bytes.readBigUInt64BE(at + 2))
          : second === 126
            ? (bytes[at + 2]! << 8) | bytes[at + 3]!
            : second;
      const end = at + header + length;
      const skips = !this.inspect && opcode <= 2 && length >= DATA_BYTES;
      if (end > bytes.length) {
        if (!skips) return at;
        this.#skip = end - bytes.length;
        return bytes.length;
      }
      if (skips) this.handlers.counted();
      else this.handlers.frame(opcode, bytes.subarray(at + header, end));
      at = end;
    }
    return at;
  }
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** Builds a client frame, masked as the protocol requires. Payloads may have up to 65,535 bytes. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const header = long ? 4 : 2;
  const frame = Buffer.allocUnsafe(header + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (long ? 126 : payload.length);
  if (long) frame.writeUInt16BE(payload.length, 2);
  MASK.copy(frame, header);
  for (let index = 0; index < payload.length; index += 1) {
    frame[header + 4 + index] = payload[index]! ^ MASK[index & 3]!;
  }
  return frame;
}
