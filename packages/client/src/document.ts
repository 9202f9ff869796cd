import type { SubscribePayload } from 'graphql-ws';

/** A field that follows a room, and the field of its results that is their cursor. */
const CURSORS = { messageAdded: 'id', roomEvents: 'cursor' } as const;

type RoomField = keyof typeof CURSORS;

/** How a document subscribes to `messageAdded` or `roomEvents`. */
export interface RoomVariables {
  field: RoomField;
  /** The field of a result that is its cursor. */
  cursor: (typeof CURSORS)[RoomField];
  /** The variable that is passed as `after`. */
  after: string;
  /** The variable that is passed as `last`. Undefined if the document does not pass `last`. */
  last: string | undefined;
  /** Returns the id of the room. */
  roomIdOf(variables: SubscribePayload['variables']): string;
  /**
   * Returns the value of a variable as the server sees it: if it is omitted, the default that the document
   * declares. Only strings and integers are recognized as defaults.
   */
  variableValue(variable: string, variables: SubscribePayload['variables']): unknown;
}

/** A subscription to a room cannot be resumed because of how its document is written. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';

  /**
   * @param field what it subscribes to
   * @param requirement what the subscription must do
   */
  constructor(field: RoomField, requirement: string) {
    super(
      `A subscription to ${field} must ${requirement}, so that it can be resumed: subscription ($roomId: ID!, $after: ID, ` +
        `$last: Int) { ${field}(roomId: $roomId, after: $after, last: $last) { ${CURSORS[field]} } }`,
    );
  }

  /** The results have no cursor. */
  static noCursor(field: RoomField): DocumentError {
    const what =
      field === 'messageAdded' ? 'the id of the message, as "id"' : 'the cursor of the event, as "cursor"';
    return new DocumentError(field, `select ${what}`);
  }
}

const STRING_OR_COMMENT = /("""[\s\S]*?"""|"(?:\\.|[^"\\])*")|#.*/g;

/** Whether an operation is a subscription. Queries and mutations end on their own. */
export function isSubscription({ query, operationName }: SubscribePayload): boolean {
  // Look only outside of all braces: inside, `subscription` may be the name of a field.
  let depth = 0;
  let heads = '';
  for (const char of query.replace(STRING_OR_COMMENT, '')) {
    if (char === '}') depth -= 1;
    if (depth === 0) heads += char;
    if (char === '{') depth += 1;
  }
  return new RegExp(`\\bsubscription\\b${operationName ? `\\s+${operationName}\\b` : ''}`).test(heads);
}

/**
 * Finds the variables with which a document subscribes to a room. Returns undefined if it subscribes
 * to something else. This searches the text, because a parser would be ten times the size of this package.
 * @throws {DocumentError} if the subscription cannot be resumed
 */
export function roomVariablesOf(query: string): RoomVariables | undefined {
  const text = query.replace(STRING_OR_COMMENT, (_, string) => string ?? '');
  const [, name, args] = /\b(messageAdded|roomEvents)\s*\(([^)]*)\)/.exec(text) ?? [];
  if (name === undefined || args === undefined) return undefined;
  const field = name as RoomField;
  const cursor = CURSORS[field];
  const variableOf = (argument: string) => new RegExp(`\\b${argument}\\s*:\\s*\\$(\\w+)`).exec(args)?.[1];

  const after = variableOf('after');
  if (after === undefined) throw new DocumentError(field, 'take its argument "after" from a variable');
  const last = variableOf('last');
  if (last === undefined && /\blast\s*:/.test(args)) {
    throw new DocumentError(field, 'take its argument "last" from a variable, or leave it out');
  }
  if (!new RegExp(`\\b${cursor}\\b`).test(text)) throw DocumentError.noCursor(field);
  const roomId = variableOf('roomId');
  const literalRoomId = /\broomId\s*:\s*"([^"]*)"/.exec(args)?.[1] ?? '';
  const variableValue: RoomVariables['variableValue'] = (variable, variables) =>
    variables?.[variable] === undefined ? defaultOf(variable, text) : variables[variable];
  return {
    field,
    cursor,
    after,
    last,
    variableValue,
    roomIdOf: (variables) =>
      roomId === undefined ? literalRoomId : String(variableValue(roomId, variables) ?? ''),
  };
}

/** The default that a document declares for a variable, such as 20 for `$last: Int = 20`. */
function defaultOf(variable: string, text: string): string | number | undefined {
  const declared = new RegExp(`\\$${variable}\\s*:\\s*\\w+!?\\s*=\\s*(?:"([^"]*)"|(-?\\d+))`).exec(text);
  return declared ? (declared[1] ?? Number(declared[2])) : undefined;
}
