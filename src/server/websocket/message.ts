/** The messages of graphql-transport-ws: what clients may send, read from a frame. */
import {
  type CompleteMessage,
  type ConnectionInitMessage,
  MessageType,
  type PingMessage,
  type PongMessage,
  type SubscribeMessage,
  validateMessage,
} from 'graphql-ws';
import type { RawData } from 'ws';
import { namesDocument, type OperationParams } from '#server/documents/trusted-documents.js';

/** A message that a client may send. */
export type ClientMessage =
  | ConnectionInitMessage
  | PingMessage
  | PongMessage
  | SubscribeMessage
  | CompleteMessage;

/** Characters in the id of an operation: it is kept, and stands in every message. */
const LONGEST_ID = 256;

/** Reads a message. Undefined if it breaks the protocol: not JSON, not a message, or not one for clients. */
export function readMessage(data: RawData): ClientMessage | undefined {
  let message: ReturnType<typeof validateMessage>;
  try {
    const value = JSON.parse(String(data));
    if (value?.type === MessageType.Subscribe) addQuery(value.payload);
    message = validateMessage(value);
  } catch {
    // What is wrong with it stays with the client.
    return undefined;
  }
  switch (message.type) {
    case MessageType.ConnectionInit:
    case MessageType.Ping:
    case MessageType.Pong:
      return message;
    case MessageType.Subscribe:
    case MessageType.Complete:
      return message.id.length > LONGEST_ID ? undefined : message;
    default:
      return undefined;
  }
}

/** An operation that names a trusted document needs no query, but the protocol asks for one. */
function addQuery(payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return;
  const params = payload as OperationParams;
  if (params.query == null && namesDocument(params)) params.query = '';
}
