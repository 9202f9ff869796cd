import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { ChatError } from '#domain/errors.js';

/** Called with each error that clients must not see, and the id that the client gets in its place. */
export type OnFault = (error: unknown, errorId: string) => void;

/**
 * Makes the function that turns any error into what a client may see. A ChatError keeps its code and details. An
 * error in the request (its document or variables) stays as it is. Anything else is a bug: it is masked, and
 * passed to `onFault` once with an id that the client gets too. `onFormatted` is called with each error's code.
 */
export function createErrorFormatter(
  onFault: OnFault,
  onFormatted: (code: unknown) => void = () => undefined,
): (error: unknown) => GraphQLError {
  const formatted = new WeakSet<GraphQLError>();

  return (error) => {
    if (error instanceof GraphQLError && formatted.has(error)) return error;
    const result = format(error, onFault);
    formatted.add(result);
    onFormatted(result.extensions.code);
    return result;
  };
}

/** Characters in a message, and places in a document. Both can repeat a client's input many times over. */
const LONGEST_MESSAGE = 500;
const MOST_LOCATIONS = 10;

function format(error: unknown, onFault: OnFault): GraphQLError {
  const known = chatErrorIn(error);
  if (known !== undefined) return replace(error, known.message, { code: known.code, ...known.details });
  if (error instanceof GraphQLError && isAboutRequest(error)) {
    return replace(error, error.message, { code: 'BAD_USER_INPUT', ...error.extensions });
  }
  const errorId = randomUUID();
  onFault(error, errorId);
  return replace(error, 'Something went wrong on the server.', { code: 'INTERNAL_SERVER_ERROR', errorId });
}

function chatErrorIn(error: unknown): ChatError | undefined {
  if (error instanceof ChatError) return error;
  return error instanceof GraphQLError ? chatErrorIn(error.originalError) : undefined;
}

/** Whether GraphQL itself raised the error, about a document or its variables, rather than a resolver. */
function isAboutRequest(error: GraphQLError): boolean {
  return (
    error.originalError == null ||
    (error.originalError instanceof GraphQLError && isAboutRequest(error.originalError))
  );
}

/** A new error that keeps the original's first locations and its path, but not its cause. */
function replace(error: unknown, text: string, extensions: Record<string, unknown>): GraphQLError {
  const message = text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE).toWellFormed()}…`;
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { source, path } = error;
  const nodes = error.nodes?.slice(0, MOST_LOCATIONS);
  const positions = error.positions?.slice(0, MOST_LOCATIONS);
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}
