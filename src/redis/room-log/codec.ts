import { isCursor, isEntryId } from '#domain/cursor.js';
import type { Entry, OpaqueEntry } from '#domain/entry.js';
import type { Draft } from '#domain/message.js';

/**
 * Encodes a message for the append script: its JSON without the opening brace. The script prepends
 * `{"id":"...","prev":"...",` and stores the result.
 */
export function encodeBody({ roomId, author, content, nonce }: Draft): string {
  // JSON omits a nonce that is undefined.
  return JSON.stringify({ roomId, author: { id: author.id, name: author.name }, content, nonce }).slice(1);
}

/**
 * Decodes a stored or published text. Undefined if it is not an entry of that room. An entry of an unknown
 * kind becomes an opaque entry, and unknown fields are dropped, so that newer versions may add both.
 */
export function decodeEntry(text: string, roomId: string): Entry | undefined {
  const value = parse(text);
  if (!isRecord(value)) return undefined;
  const { id, prev, kind, author, content, nonce } = value;
  if (typeof id !== 'string' || !isEntryId(id)) return undefined;
  if (typeof prev !== 'string' || !isCursor(prev)) return undefined;
  if (kind !== undefined) return typeof kind === 'string' ? { id, prev, kind } : undefined;
  if (!isRecord(author) || typeof author.id !== 'string' || typeof author.name !== 'string') return undefined;
  if (typeof content !== 'string' || value.roomId !== roomId) return undefined;
  return {
    id,
    prev,
    roomId,
    author: { id: author.id, name: author.name },
    content,
    nonce: typeof nonce === 'string' ? nonce : undefined,
  };
}

/**
 * A stand-in for a malformed text in the list that begins like an entry, so that cursors can move past it.
 * Its `prev` is its own id, because it continues from nothing.
 */
export function opaqueInPlaceOf(text: string): OpaqueEntry {
  const id = idOf(text);
  return { id, prev: id, kind: 'malformed' };
}

/** The id of a text that begins like an entry. */
export function idOf(text: string): string {
  return /^\{"id":"([^"]+)"/.exec(text)?.[1] ?? '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Text that is not JSON is malformed. Any other error is a bug.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
