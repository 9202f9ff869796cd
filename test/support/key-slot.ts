/** The number of slots of a Redis Cluster. */
export const SLOTS = 16_384;

/**
 * The slot of a key: the CRC16 (XMODEM) of the key, or of the text within its first pair of braces if there is any.
 * Written for the tests after the specification of Redis Cluster, so that they do not repeat a mistake of the server.
 */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open);
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc % SLOTS;
}
