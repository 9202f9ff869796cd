/**
 * The text of an operation: a string, or what codegen's client preset generates with `documentMode:
 * 'string'`. Print a parsed document first, with `print` from graphql.
 */
export type OperationText<Data> = string | { toString(): string; __apiType?(variables: never): Data };

/** A message with the fields that the default documents select. */
export interface ChatMessage {
  /** Also the message's cursor: `after: id` continues after this message. */
  id: string;
  roomId: string;
  author: { id: string; name: string };
  content: string;
  /** When the server accepted the message: an RFC 3339 time in UTC. */
  createdAt: string;
}

/** The selection for a ChatMessage. */
export const CHAT_MESSAGE = '{ id roomId author { id name } content createdAt }';

/**
 * Returns the text as a string.
 * @throws {TypeError} if it is a parsed document
 */
export function textOf(text: OperationText<unknown>): string {
  if (typeof text === 'object' && 'kind' in text) {
    throw new TypeError(
      'The query must be a string. Convert a parsed document with print(document) from graphql.',
    );
  }
  return String(text);
}
