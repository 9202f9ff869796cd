/** What one socket joins. */
export interface Join {
  readonly roomId: string;
  /** As long for every socket, and different for each: 36 characters, as graphql-ws' client makes them. */
  readonly operationId: string;
  /** The GraphQL subscription; the other protocols know one shape of message only. */
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What the query calls a message's content. */
  readonly contentField: string;
}

/** One data frame, read in full. */
export interface Delivery {
  /** Where the protocol names the operation. */
  readonly operationId: string | undefined;
  /** The message's id. */
  readonly id: string;
  readonly roomId: string;
  readonly author: string;
  readonly content: string;
  /** What the content was called. */
  readonly contentField: string;
}

/** What the load side must know of a contender's way of speaking: a join, a keep-alive, a delivery, a send. */
export interface Protocol {
  readonly subprotocol: string | undefined;
  /** Path and query of the WebSocket upgrade. */
  upgradePath(join: Join): string;
  /** The first text frame after the upgrade, where there is one. */
  opening(join: Join): string | undefined;
  /** Whether this frame says that the connection is ready; `undefined` where the upgrade itself says it. */
  readonly isReady: ((text: string) => boolean) | undefined;
  /** The text frame that subscribes once the connection is ready, where there is one. */
  subscribe(join: Join): string | undefined;
  /** What is to be answered to this frame: a greeting or a keep-alive. */
  answer(text: string, join: Join): string | undefined;
  /** The delivery in this frame, or `undefined` where it is something else (an error, a completion). */
  delivery(text: string): Delivery | undefined;
  /** The HTTP POST that sends a message to a room. */
  send(roomId: string, content: string): { readonly path: string; readonly body: string };
  /** The id of the message that a send's answer tells of; throws where the send was refused. */
  sentId(body: string): string;
}

/** A message's fields as they come over the wire, whatever `content` is called there. */
export interface WireMessage {
  readonly id: string;
  readonly roomId: string;
  readonly author: { readonly name: string };
  readonly [field: string]: unknown;
}

/** Reads a message: four fields by their names, and one more, whatever it is called, as its content. */
export function readMessage(message: WireMessage, operationId: string | undefined): Delivery {
  const { id, roomId, author, createdAt, ...rest } = message;
  if (Number.isNaN(Date.parse(String(createdAt)))) throw new Error(`No date: ${String(createdAt)}`);
  const [contentField = '', content] = Object.entries(rest)[0] ?? [];
  return { operationId, id, roomId, author: author.name, content: String(content), contentField };
}
