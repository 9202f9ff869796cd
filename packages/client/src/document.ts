import type { SubscribePayload } from 'graphql-ws';

/** The variables with which a document subscribes to `messageAdded`. */
export interface RoomVariables {
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

/** A subscription to `messageAdded` cannot be resumed because of how its document is written. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';

  /** @param requirement what the subscription must do */
  constructor(requirement: string) {
    super(
      `A subscription to messageAdded must ${requirement}, so that it can be resumed: subscription ($roomId: ID!, $after: ID, ` +
        '$last: Int) { messageAdded(roomId: $roomId, after: $after, last: $last) { id content } }',
    );
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
 * Finds the variables with which a document subscribes to `messageAdded`. Returns undefined if it subscribes
 * to something else. This searches the text, because a parser would be ten times the size of this package.
 * @throws {DocumentError} if the subscription cannot be resumed
 */
export function roomVariablesOf(query: string): RoomVariables | undefined {
  const text = query.replace(STRING_OR_COMMENT, (_, string) => string ?? '');
  const args = /\bmessageAdded\s*\(([^)]*)\)/.exec(text)?.[1];
  if (args === undefined) return undefined;
  const variableOf = (argument: string) => new RegExp(`\\b${argument}\\s*:\\s*\\$(\\w+)`).exec(args)?.[1];

  const after = variableOf('after');
  if (after === undefined) throw new DocumentError('take its argument "after" from a variable');
  const last = variableOf('last');
  if (last === undefined && /\blast\s*:/.test(args)) {
    throw new DocumentError('take its argument "last" from a variable, or leave it out');
  }
  if (!/\bid\b/.test(text)) throw new DocumentError('select the id of the message');
  const roomId = variableOf('roomId');
  const literalRoomId = /\broomId\s*:\s*"([^"]*)"/.exec(args)?.[1] ?? '';
  const variableValue: RoomVariables['variableValue'] = (variable, variables) =>
    variables?.[variable] === undefined ? defaultOf(variable, text) : variables[variable];
  return {
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
