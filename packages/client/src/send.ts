import type { Client } from 'graphql-ws';
import { checkSize, MAX_MESSAGE_BYTES } from './message-limit.js';
import { request } from './operation.js';
import { CHAT_MESSAGE, type ChatMessage, type OperationText, textOf } from './operation-text.js';
import { type SendOnceOptions, sendOnce } from './send-once.js';

/** A message to send. */
export interface SendInput {
  roomId: string;
  content: string;
  /** The display name, if the sender is a guest. */
  author?: string;
}

export interface SendOptions extends SendOnceOptions {
  /**
   * The largest operation to send, in bytes of its JSON. By default 65,536, or the limit of the resuming
   * client. A larger one is not sent, and fails with the code MESSAGE_TOO_LARGE.
   */
  maxMessageBytes?: number;
}

/** Options with a document of your own, which calls sendMessage with `$input`. */
export interface SendQueryOptions<Data extends object> extends SendOptions {
  query: OperationText<Data>;
}

/** The default document of `send`. */
export const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) ${CHAT_MESSAGE} }`;

/**
 * Sends a message over a graphql-ws client, resuming or not, so that it is stored once whatever fails on the
 * way. Resolves with the message as it was stored. Messages that are sent concurrently may be stored in any
 * order: if the order matters, await each one before the next.
 * @throws {SendError} if the server refuses the message, or time is up. `outcome` says if it may be stored.
 */
export function send(client: Client, input: SendInput, options?: SendOptions): Promise<ChatMessage>;
export function send<Data extends object>(
  client: Client,
  input: SendInput,
  options: SendQueryOptions<Data>,
): Promise<Data[keyof Data]>;
export async function send(
  client: Client,
  input: SendInput,
  { query = SEND, maxMessageBytes, ...options }: SendOptions & { query?: OperationText<unknown> } = {},
): Promise<unknown> {
  const text = textOf(query);
  // A resuming client applies its own limit.
  const limit = maxMessageBytes ?? ('resuming' in client ? Number.POSITIVE_INFINITY : MAX_MESSAGE_BYTES);
  return sendOnce(
    (nonce, signal) =>
      new Promise((resolve, reject) => {
        const payload = { query: text, variables: { input: { ...input, nonce } } };
        checkSize(payload, limit);
        signal.addEventListener('abort', request(client, payload, resolve, reject));
      }),
    options,
  );
}
