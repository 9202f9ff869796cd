/**
 * Content negotiation (RFC 9110, 12.5). All Accept headers are interpreted here, so that letter case,
 * qualities, wildcards and a missing header mean the same everywhere.
 */

/** A media type that the server can respond with. Lowercase. */
export interface Offer {
  readonly type: string;
  /** A parameter that the client must name as well, such as `subscriptionspec=1.0`. Lowercase, unquoted. */
  readonly parameter?: string;
  /** Whether a wildcard does not match, so that the client must name the type. */
  readonly mustBeNamed?: boolean;
}

/** One element of a header, such as `text/html;level=1;q=0.5`. Lowercase. */
interface Element {
  name: string;
  parameters: string[];
  quality: number;
}

/**
 * The offer that an Accept header prefers, or the first of several that it prefers equally. A missing or
 * empty header accepts anything. Undefined if no offer is acceptable.
 */
export function preferred<T extends Offer>(accept: string | undefined, offers: readonly T[]): T | undefined {
  const ranges = elementsOf(accept?.trim() ? accept : '*/*');
  let best: T | undefined;
  let highest = 0;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality <= highest) continue;
    best = offer;
    highest = quality;
  }
  return best;
}

/**
 * The first of `encodings` that an Accept-Encoding header allows. Undefined if the body must not be encoded.
 */
export function acceptedEncoding<T extends string>(
  accept: string | undefined,
  encodings: readonly T[],
): T | undefined {
  const elements = elementsOf(accept ?? '');
  const allows = (encoding: string) =>
    (elements.find(({ name }) => name === encoding) ?? elements.find(({ name }) => name === '*'))?.quality;
  return encodings.find((encoding) => (allows(encoding) ?? 0) > 0);
}

/** The quality that the most specific matching range gives an offer; 0 if no range matches. */
function qualityOf({ type, parameter, mustBeNamed }: Offer, ranges: readonly Element[]): number {
  const isStrict = mustBeNamed || parameter !== undefined;
  const [family] = type.split('/');
  let quality = 0;
  let specificity = 0;
  for (const range of ranges) {
    const matched = range.name === type ? 3 : isStrict ? 0 : range.name === `${family}/*` ? 2 : 1;
    if (matched === 0 || (matched === 1 && range.name !== '*/*') || matched < specificity) continue;
    if (parameter !== undefined && !range.parameters.includes(parameter)) continue;
    // Everything is sent as UTF-8. The server chooses other parameters, such as a boundary.
    if (range.parameters.some((each) => each.startsWith('charset=') && each !== 'charset=utf-8')) continue;
    quality = matched > specificity ? range.quality : Math.max(quality, range.quality);
    specificity = matched;
  }
  return quality;
}

/** Parts between separators that are not inside a quoted string. */
const BY_COMMA = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g;
const BY_SEMICOLON = /(?:[^;"]|"(?:[^"\\]|\\.)*"?)+/g;

function elementsOf(header: string): Element[] {
  const elements: Element[] = [];
  for (const text of header.toLowerCase().match(BY_COMMA) ?? []) {
    const [name = '', ...rest] = (text.match(BY_SEMICOLON) ?? []).map((part) => part.trim());
    const parameters = rest.map((each) => each.replace(/\s*=\s*/, '=').replaceAll('"', ''));
    const given = parameters.find((each) => each.startsWith('q='))?.slice(2);
    const quality = given === undefined ? 1 : Number(given || Number.NaN);
    // Ignore an element with a malformed quality.
    if (quality >= 0 && quality <= 1) elements.push({ name, parameters, quality });
  }
  return elements;
}
