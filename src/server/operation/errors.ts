import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { ChatError } from '#domain/errors.js';

/** Told of every fault that a client must not see, with the id that the client was given for it. */
export type OnFault = (error: unknown, errorId: string) => void;

/**
 * Makes of any error what a client may see: a refusal with its code and details; an error in the request
 * as it is; anything else masked, and told to `onFault` once, with an id that stands in both places.
 * `onFormatted` is told of the code of each.
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

function format(error: unknown, onFault: OnFault): GraphQLError {
  const refusal = refusalIn(error);
  if (refusal !== undefined) {
    return withPlaceOf(error, refusal.message, { code: refusal.code, ...refusal.details });
  }
  if (error instanceof GraphQLError && isOfTheRequest(error)) {
    return withPlaceOf(error, error.message, { code: 'BAD_USER_INPUT', ...error.extensions });
  }
  const errorId = randomUUID();
  onFault(error, errorId);
  return withPlaceOf(error, 'Something went wrong on the server.', {
    code: 'INTERNAL_SERVER_ERROR',
    errorId,
  });
}

function refusalIn(error: unknown): ChatError | undefined {
  if (error instanceof ChatError) return error;
  return error instanceof GraphQLError ? refusalIn(error.originalError) : undefined;
}

/** An error that GraphQL itself raised: over a document or its variables, not in a resolver. */
function isOfTheRequest(error: GraphQLError): boolean {
  return (
    error.originalError == null ||
    (error.originalError instanceof GraphQLError && isOfTheRequest(error.originalError))
  );
}

function withPlaceOf(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(message, { extensions });
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}
