/** Length of every content in ASCII characters. It is constant so that every message costs the same. */
export const CONTENT_LENGTH = 100;

/** The author of every message. */
export const AUTHOR = 'bench';

/** The content of message number `index`. Probes only show that a subscription is live. */
export function contentOf(index: number, kind: 'message' | 'probe' = 'message'): string {
  return `${kind}:${index}:`.padEnd(CONTENT_LENGTH, 'abcdefghij');
}

/** Returns the number in a content of this kind, or -1 if the content is of another kind or was altered. */
export function indexOf(content: string, kind: 'message' | 'probe' = 'message'): number {
  if (!content.startsWith(`${kind}:`)) return -1;
  const index = Number.parseInt(content.slice(kind.length + 1), 10);
  return Number.isInteger(index) && content === contentOf(index, kind) ? index : -1;
}
