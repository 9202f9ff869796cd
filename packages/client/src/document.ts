import type { SubscribePayload } from 'graphql-ws';

/** The variables of a document by which its subscription to `messageAdded` is resumed. */
export interface RoomVariables {
  /** The variable that stands for the argument `after`. */
  after: string;
  /** The variable that stands for the argument `last`; undefined where the document does without. */
  last: string | undefined;
  /** The room, by the variables it is asked with. */
  roomIdOf(variables: SubscribePayload['variables']): string;
  /**
   * The value of a variable as the server sees it: the document's default if it is left out. Defaults other
   * than strings and integers are not read.
   */
  variableValue(variable: string, variables: SubscribePayload['variables']): unknown;
}

/** A document that subscribes to `messageAdded` in a way that cannot be resumed: the message says why. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';

  constructor(why: string) {
    super(
      `A subscription to messageAdded must ${why}, so that it can be resumed: subscription ($roomId: ID!, $after: ID, ` +
        '$last: Int) { messageAdded(roomId: $roomId, after: $after, last: $last) { id content } }',
    );
  }
}

const STRING_OR_COMMENT = /("""[\s\S]*?"""|"(?:\\.|[^"\\])*")|#.*/g;

/** Whether an operation is a subscription: queries and mutations end by themselves. */
export function isSubscription({ query, operationName }: SubscribePayload): boolean {
  // What stands outside of all braces: `subscription` may be the name of a field.
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
 * Finds how a document subscribes to `messageAdded`; undefined where it subscribes to something else. It
 * looks at the text alone, since to parse it takes a library ten times the size of this one.
 * @throws {DocumentError} where it cannot be resumed
 */
export function roomVariablesOf(query: string): RoomVariables | undefined {
  const text = query.replace(STRING_OR_COMMENT, (_, string) => string ?? '');
  const given = /\bmessageAdded\s*\(([^)]*)\)/.exec(text)?.[1];
  if (given === undefined) return undefined;
  const variableOf = (argument: string) => new RegExp(`\\b${argument}\\s*:\\s*\\$(\\w+)`).exec(given)?.[1];

  const after = variableOf('after');
  if (after === undefined) throw new DocumentError('take its argument "after" from a variable');
  const last = variableOf('last');
  if (last === undefined && /\blast\s*:/.test(given)) {
    throw new DocumentError('take its argument "last" from a variable, or leave it out');
  }
  if (!/\bid\b/.test(text)) throw new DocumentError('select the id of the message');
  const roomId = variableOf('roomId');
  const constant = /\broomId\s*:\s*"([^"]*)"/.exec(given)?.[1] ?? '';
  const variableValue: RoomVariables['variableValue'] = (variable, variables) =>
    variables?.[variable] === undefined ? defaultOf(variable, text) : variables[variable];
  return {
    after,
    last,
    variableValue,
    roomIdOf: (variables) =>
      roomId === undefined ? constant : String(variableValue(roomId, variables) ?? ''),
  };
}

/** The default of a variable, if the document declares one that is a string or an integer: `($last: Int = 20)`. */
function defaultOf(variable: string, text: string): string | number | undefined {
  const declared = new RegExp(`\\$${variable}\\s*:\\s*\\w+!?\\s*=\\s*(?:"([^"]*)"|(-?\\d+))`).exec(text);
  if (declared === null) return undefined;
  return declared[1] ?? Number(declared[2]);
}
