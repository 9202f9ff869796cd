/** Returns the texts in a server's frames. Throws if any byte is out of place. */
export function textsOf(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== 0x81) throw new Error(`Expected a text frame at ${at}.`);
    let length = bytes[at + 1]!;
    at += 2;
    if (length === 126) {
      length = bytes.readUInt16BE(at);
      if (length < 126) throw new Error('The length is not in its shortest form.');
      at += 2;
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(at));
      if (length < 65_536) throw new Error('The length is not in its shortest form.');
      at += 8;
    }
    if (at + length > bytes.length) throw new Error('The last frame is cut off.');
    texts.push(bytes.toString('utf8', at, at + length));
    at += length;
  }
  return texts;
}
