/**
 * The hue of a name's color, in degrees. The same name always has the same hue. The theme adds a lightness
 * and a chroma at which every hue is readable on its background (styles/theme.css).
 */
export function hueOf(name: string): number {
  // FNV-1a, then the finalizer of MurmurHash3, which spreads similar names far apart.
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 360);
}
