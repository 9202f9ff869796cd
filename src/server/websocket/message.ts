/** Parses the messages of graphql-transport-ws that clients may send. */
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

/** The maximum length of an operation's id, which is kept in memory and repeated in every message. */
const MAX_ID_LENGTH = 256;

/**
 * Parses a message. Undefined if it violates the protocol:
 * it is not JSON, or not a message that clients may send.
 */
export function readMessage(data: RawData): ClientMessage | undefined {
  let message: ReturnType<typeof validateMessage>;
  try {
    const value = JSON.parse(String(data));
    if (value?.type === MessageType.Subscribe) addQuery(value.payload);
    message = validateMessage(value);
  } catch {
    // A malformed message is the client's mistake, so do not report it.
    return undefined;
  }
  switch (message.type) {
    case MessageType.ConnectionInit:
    case MessageType.Ping:
    case MessageType.Pong:
      return message;
    case MessageType.Subscribe:
    case MessageType.Complete:
      return message.id.length > MAX_ID_LENGTH ? undefined : message;
    default:
      return undefined;
  }
}

/**
 * Adds an empty query, which the protocol requires, to an operation that names a trusted document instead.
 */
function addQuery(payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return;
  const params = payload as OperationParams;
  if (params.query == null && namesDocument(params)) params.query = '';
}
