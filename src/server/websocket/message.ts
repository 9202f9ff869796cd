/** What a client sends over a WebSocket, made ready for graphql-ws. */
import type { RawData } from 'ws';
import { namesDocument, type OperationParams } from '#server/documents/trusted-documents.js';

/** Known to graphql-ws, which takes them for a fault of its own where a client sends them. */
const ONLY_FROM_SERVERS: ReadonlySet<unknown> = new Set(['connection_ack', 'next', 'error']);

/** Characters in the id that a client gives an operation: it is kept, and stands in every message. */
const LONGEST_ID = 256;

/** Whether a message of this type and with this id may come from a client. */
export function isAcceptable(type: unknown, id: unknown): boolean {
  return !ONLY_FROM_SERVERS.has(type) && !(typeof id === 'string' && id.length > LONGEST_ID);
}

/**
 * The message as JSON gives it, which graphql-ws takes in place of its text: it is looked at here, too, and
 * would be parsed twice. What is no JSON graphql-ws gets as it is, and closes the socket for it.
 */
export function parsed(data: RawData): unknown {
  const text = String(data);
  try {
    const message = JSON.parse(text);
    // A text within the text: graphql-ws would look into that, behind the back of whoever looks here.
    if (typeof message === 'string') return text;
    if (message?.type === 'subscribe') withText(message.payload);
    return message;
  } catch {
    return text;
  }
}

/** An operation that names its document has no text, and graphql-ws asks for one. */
function withText(payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return;
  const params = payload as OperationParams;
  if (params.query == null && namesDocument(params)) params.query = '';
}
