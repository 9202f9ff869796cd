/** Every content is this many ASCII characters long, so that every message costs the same. */
export const CONTENT_LENGTH = 100;

/** The author that every message of the load names. */
export const AUTHOR = 'bench';

/** The content of message number `index`; `probe` contents only find out whether a subscription is live. */
export function contentOf(index: number, kind: 'message' | 'probe' = 'message'): string {
  return `${kind}:${index}:`.padEnd(CONTENT_LENGTH, 'abcdefghij');
}

/** The number in a content of this kind, or -1 where it is not one, whole and unchanged. */
export function indexOf(content: string, kind: 'message' | 'probe' = 'message'): number {
  if (!content.startsWith(`${kind}:`)) return -1;
  const index = Number.parseInt(content.slice(kind.length + 1), 10);
  return Number.isInteger(index) && content === contentOf(index, kind) ? index : -1;
}
