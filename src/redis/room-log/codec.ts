import { isCursor, isEntryId } from '#domain/cursor.js';
import type { Entry, OpaqueEntry, Retraction } from '#domain/entry.js';
import type { Draft, ProtectedRole } from '#domain/message.js';

/**
 * Encodes a message for the append script: its JSON without the opening brace. The script prepends
 * `{"id":"...","prev":"...",` and stores the result.
 */
export function encodeBody({ roomId, author, content, nonce, role }: Draft): string {
  // JSON omits what is undefined.
  return JSON.stringify({ roomId, author: { id: author.id, name: author.name }, content, nonce, role }).slice(
    1,
  );
}

/**
 * Decodes a stored or published text. Undefined if it is not an entry of that room. An entry of an unknown
 * kind becomes an opaque entry, and unknown fields are dropped, so that newer versions may add both.
 */
export function decodeEntry(text: string, roomId: string): Entry | undefined {
  const value = parse(text);
  if (!isRecord(value)) return undefined;
  const { id, prev, kind, author, content, nonce, role } = value;
  if (typeof id !== 'string' || !isEntryId(id)) return undefined;
  if (typeof prev !== 'string' || !isCursor(prev)) return undefined;
  if (kind === 'retracted') return retractionOf(id, prev, roomId, value);
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
    role: isProtectedRole(role) ? role : undefined,
  };
}

/** A newer version may name messages in ways that this one does not know, so nothing that is missing is malformed. */
function retractionOf(
  id: string,
  prev: string,
  roomId: string,
  { ids, author }: Record<string, unknown>,
): Retraction {
  return {
    id,
    prev,
    kind: 'retracted',
    roomId,
    ids: Array.isArray(ids) ? ids.filter((named) => typeof named === 'string') : [],
    author: typeof author === 'string' ? author : undefined,
  };
}

function isProtectedRole(role: unknown): role is ProtectedRole {
  return role === 'moderator' || role === 'service';
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
