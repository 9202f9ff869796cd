import type { FormattedExecutionResult } from 'graphql-ws';
import { MessageTooLargeError } from './message-limit.js';

/** Why an operation failed, and whether it may be retried. */
export interface Failure {
  /**
   * `expired`: the cursor is no longer valid. `retry`: a retry may succeed. `final`: a retry would fail too.
   */
  kind: 'expired' | 'retry' | 'final';
  /** The server's error code, or MESSAGE_TOO_LARGE. Undefined if the server did not answer. */
  code: string | undefined;
  /** How long the server asks to wait, in milliseconds. 0 if it does not ask. */
  retryAfterMs: number;
}

/** Codes of temporary errors. All others are about the request or its sender. */
const TEMPORARY = ['SERVICE_UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'];

/** Close codes of a refusal: bad request, unauthorized, forbidden, subprotocol not acceptable. */
const FINAL_CLOSES = [4400, 4401, 4403, 4406];

/** The reason of a 4403 that allows a retry: graphql-ws asks `connectionParams` for a new token. */
const TOKEN_EXPIRED = 'Token expired';

/**
 * Classifies what an operation failed with: the errors of a result, what graphql-ws passes to `error`, or
 * what the promise of another library rejects with.
 */
export function failureOf(cause: unknown): Failure {
  const failure = (kind: Failure['kind'], code?: string, retryAfterMs = 0) => ({ kind, code, retryAfterMs });
  if (cause instanceof MessageTooLargeError) return failure('final', 'MESSAGE_TOO_LARGE');
  const extensions = errorsIn(cause)?.map((error) => error.extensions ?? {});
  if (!extensions) {
    const { code, reason } = (cause ?? {}) as { code?: unknown; reason?: unknown };
    return failure(FINAL_CLOSES.includes(code as number) && reason !== TOKEN_EXPIRED ? 'final' : 'retry');
  }
  const codes = extensions.map(({ code }) => code);
  const code = codes.find((code) => typeof code === 'string');
  if (codes.includes('CURSOR_EXPIRED')) return failure('expired', 'CURSOR_EXPIRED');
  if (!codes.every((code) => TEMPORARY.includes(code as string))) return failure('final', code);
  const waits = extensions.map(({ retryAfterMs }) => (typeof retryAfterMs === 'number' ? retryAfterMs : 0));
  return failure('retry', code, Math.max(...waits));
}

type Errors = NonNullable<FormattedExecutionResult['errors']>;

/** The server's errors, wherever a library puts them. Undefined if there are none. */
function errorsIn(cause: unknown): Errors | undefined {
  // `errors` of Apollo Client, `graphQLErrors` of urql, `response.errors` of graphql-request.
  const { errors, graphQLErrors, response } = (cause ?? {}) as Record<
    string,
    { errors?: unknown } | undefined
  >;
  return [cause, errors, graphQLErrors, response?.errors].find(
    (list): list is Errors => Array.isArray(list) && list.length > 0,
  );
}
