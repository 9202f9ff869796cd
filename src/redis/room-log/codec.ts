import { type Draft, isCursor, isMessageId, type Message } from '#domain/message.js';

/**
 * What the write script is given: the message's JSON without its opening brace, since the script puts
 * `{"id":"...","prev":"...",` before it and stores the whole as it is.
 */
export function encodeBody({ roomId, author, content }: Draft): string {
  return JSON.stringify({ roomId, author: { id: author.id, name: author.name }, content }).slice(1);
}

/**
 * The message that a stored or published text holds; undefined where it is not a message of that room.
 * Fields that this version does not know are left out, so that a newer one may add some.
 */
export function decodeMessage(text: string, roomId: string): Message | undefined {
  const value = parse(text);
  if (!isRecord(value) || !isRecord(value.author)) return undefined;
  const { id, prev, content } = value;
  const author = { id: value.author.id, name: value.author.name };
  if (typeof id !== 'string' || !isMessageId(id)) return undefined;
  if (typeof prev !== 'string' || !isCursor(prev)) return undefined;
  if (typeof author.id !== 'string' || typeof author.name !== 'string') return undefined;
  if (typeof content !== 'string' || value.roomId !== roomId) return undefined;
  return { id, prev, roomId, author: { id: author.id, name: author.name }, content };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not JSON: malformed like anything else that is no message. A fault of another kind is none of this.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
