/**
 * The text of an operation: a string, or what codegen's client preset makes with `documentMode: 'string'`.
 * A parsed document is printed first, by `print` of graphql.
 */
export type OperationText<Data> = string | { toString(): string; __apiType?(variables: never): Data };

/** A message, as it is asked for where no other text is given. */
export interface ChatMessage {
  /** Also its cursor: `after: id` goes on behind this message. */
  id: string;
  roomId: string;
  author: { id: string; name: string };
  content: string;
  /** When the server accepted it: an RFC 3339 time in UTC. */
  createdAt: string;
}

/** The selection that gives a ChatMessage. */
export const CHAT_MESSAGE = '{ id roomId author { id name } content createdAt }';

/**
 * The text as a string.
 * @throws {TypeError} for a document that is parsed already
 */
export function textOf(text: OperationText<unknown>): string {
  if (typeof text === 'object' && 'kind' in text) {
    throw new TypeError('The query must be a text: use print(document) of graphql.');
  }
  return String(text);
}
