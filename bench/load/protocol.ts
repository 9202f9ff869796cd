/** What one client subscribes to. */
export interface Subscription {
  readonly roomId: string;
  /**
   * Unique, with 36 characters like the ids of the graphql-ws client, so that frames have the same length for
   * all.
   */
  readonly operationId: string;
  /** The GraphQL subscription. Other protocols ignore it, because their messages have a fixed shape. */
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The response name of the message's content. */
  readonly contentField: string;
}

/** The parsed content of a data frame. */
export interface Delivery {
  /** Undefined if the protocol has no operation ids. */
  readonly operationId: string | undefined;
  /** The message's id. */
  readonly id: string;
  readonly roomId: string;
  readonly author: string;
  readonly content: string;
  /** The name under which the content arrived. */
  readonly contentField: string;
}

/** A contender's protocol: how to subscribe, answer keep-alives, read deliveries and send messages. */
export interface Protocol {
  readonly subprotocol: string | undefined;
  /** Path and query of the WebSocket upgrade request. */
  upgradePath(subscription: Subscription): string;
  /** The first text frame after the upgrade, if the protocol has one. */
  opening(subscription: Subscription): string | undefined;
  /** Whether this frame says that the connection is ready. `undefined` if it is ready after the upgrade. */
  readonly isReady: ((text: string) => boolean) | undefined;
  /** The text frame that subscribes once the connection is ready, if the protocol has one. */
  subscribe(subscription: Subscription): string | undefined;
  /** The answer to this frame if it is a greeting or a keep-alive. */
  answer(text: string, subscription: Subscription): string | undefined;
  /** The delivery in this frame, or `undefined` for anything else (an error, a completion). */
  delivery(text: string): Delivery | undefined;
  /** The HTTP POST that sends a message to a room. */
  send(roomId: string, content: string): { readonly path: string; readonly body: string };
  /** The message id in the response to a send. Throws if the send was refused. */
  sentId(body: string): string;
}

/** A message as it arrives on the wire. The content may have any field name. */
export interface WireMessage {
  readonly id: string;
  readonly roomId: string;
  readonly author: { readonly name: string };
  readonly [field: string]: unknown;
}

/** Reads a message: four fields by name, and the one remaining field as its content. */
export function readMessage(message: WireMessage, operationId: string | undefined): Delivery {
  const { id, roomId, author, createdAt, ...rest } = message;
  if (Number.isNaN(Date.parse(String(createdAt)))) throw new Error(`Not a date: ${String(createdAt)}`);
  const [contentField = '', content] = Object.entries(rest)[0] ?? [];
  return { operationId, id, roomId, author: author.name, content: String(content), contentField };
}
