/**
 * A hue for a name, in degrees: the same one each time, on every page. The theme gives it a lightness and a
 * chroma at which every hue can be read on its background (styles/theme.css).
 */
export function hueOf(name: string): number {
  // FNV-1a, then the last steps of MurmurHash3, by which names that are alike come to lie far apart.
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 360);
}
