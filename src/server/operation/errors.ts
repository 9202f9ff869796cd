import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { ChatError } from '#domain/errors.js';

/** Called with each error that clients must not see, and the id that the client gets instead. */
export type OnFault = (error: unknown, errorId: string) => void;

/**
 * Creates the function that converts any error to one that clients may see. A ChatError keeps its code and
 * details, and an error in the request (its document or variables) keeps its message. Anything else is a bug:
 * it is masked and passed to `onFault` once, with an id that the client gets too. `onFormatted` is called
 * with each error's code.
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

/** The maximum length of a message and number of locations. Both can repeat a client's input many times. */
const MAX_MESSAGE_LENGTH = 500;
const MAX_LOCATIONS = 10;

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

/** Whether GraphQL itself raised the error, because of the document or its variables, and not a resolver. */
function isAboutRequest(error: GraphQLError): boolean {
  return (
    error.originalError == null ||
    (error.originalError instanceof GraphQLError && isAboutRequest(error.originalError))
  );
}

/** Creates a new error that keeps the path and the first locations of the original, but not its cause. */
function replace(error: unknown, text: string, extensions: Record<string, unknown>): GraphQLError {
  const message =
    text.length <= MAX_MESSAGE_LENGTH ? text : `${text.slice(0, MAX_MESSAGE_LENGTH).toWellFormed()}…`;
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { source, path } = error;
  const nodes = error.nodes?.slice(0, MAX_LOCATIONS);
  const positions = error.positions?.slice(0, MAX_LOCATIONS);
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}
