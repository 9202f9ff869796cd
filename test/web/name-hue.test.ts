/** Every name must be readable. Its hue comes from the name, its lightness and chroma from the theme. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { hueOf } from '../../web/page/name-hue.js';

/** The contrast that WCAG AA requires of text of normal size. */
const READABLE = 4.5;

const css = await readFile(new URL('../../web/page/styles/theme.css', import.meta.url), 'utf8');
const [light, dark] = css.split('@media (prefers-color-scheme: dark)');

describe.each([
  ['light', light!],
  ['dark', dark!],
])('in the %s theme', (_name, theme) => {
  const variable = (name: string) => new RegExp(`--${name}: ([^;]+);`).exec(theme)![1]!;

  test.each(['ground', 'own'])('every name is readable on the color “%s”', (ground) => {
    const behind = luminance(rgbOfHex(variable(ground)));
    const lightness = Number(variable('name-lightness'));
    const chroma = Number(variable('name-chroma'));
    for (let hue = 0; hue < 360; hue += 1) {
      const before = luminance(rgbOfOklch(lightness, chroma, hue));
      const contrast = (Math.max(before, behind) + 0.05) / (Math.min(before, behind) + 0.05);
      expect.soft(contrast, `hue ${hue}`).toBeGreaterThanOrEqual(READABLE);
    }
  });
});

describe('the hue of a name', () => {
  test('is the same each time, from 0 to 359', () => {
    for (const name of ['Ann', 'Ben', 'Zoë', '愛子', '']) {
      expect(hueOf(name)).toBe(hueOf(name));
      expect(hueOf(name)).toBeGreaterThanOrEqual(0);
      expect(hueOf(name)).toBeLessThan(360);
    }
  });

  test('differs between similar names', () => {
    const hues = Array.from({ length: 1_000 }, (_, number) => hueOf(`Guest ${number}`));
    const sixths = [0, 0, 0, 0, 0, 0];
    for (const hue of hues) sixths[Math.floor(hue / 60)]! += 1;
    for (const count of sixths) expect(count).toBeGreaterThan(100);
  });
});

/** Linear sRGB. Values outside its gamut are clipped, as browsers do. */
function rgbOfOklch(lightness: number, chroma: number, hue: number): number[] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((value) => Math.min(1, Math.max(0, value)));
}

function rgbOfHex(hex: string): number[] {
  return [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
}

function luminance([red, green, blue]: number[]): number {
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
