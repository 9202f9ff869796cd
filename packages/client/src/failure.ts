import type { FormattedExecutionResult } from 'graphql-ws';
import { MessageTooLargeError } from './message-limit.js';

/** What became of an operation that failed, and whether it may be tried again. */
export interface Failure {
  /**
   * `expired`: the cursor cannot be honoured. `retry`: the same may succeed later. `final`: the same would
   * fail again.
   */
  kind: 'expired' | 'retry' | 'final';
  /** The code of the server's refusal, or MESSAGE_TOO_LARGE; undefined if the server did not answer. */
  code: string | undefined;
  /** Milliseconds that the server asks to wait; 0 where it does not. */
  retryAfterMs: number;
}

/** Refusals that heal by themselves. All others are of the request, or of who makes it. */
const HEALING = ['SERVICE_UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL_SERVER_ERROR'];

/** How a server closes a socket that it will not serve: bad request, unauthorized, forbidden, no such protocol. */
const FINAL_CLOSES = [4400, 4401, 4403, 4406];

/** The reason of a 4403 that a new token mends: graphql-ws asks `connectionParams` for one as it connects again. */
const TOKEN_EXPIRED = 'Token expired';

/**
 * Reads what an operation failed with: the errors of a result, what graphql-ws gives to `error`, or what the
 * promise of another library rejects with.
 */
export function failureOf(cause: unknown): Failure {
  if (cause instanceof MessageTooLargeError)
    return { kind: 'final', code: 'MESSAGE_TOO_LARGE', retryAfterMs: 0 };
  const errors = errorsIn(cause);
  if (errors === undefined) {
    const { code, reason } = (cause ?? {}) as { code?: unknown; reason?: unknown };
    const isFinal = FINAL_CLOSES.includes(code as number) && reason !== TOKEN_EXPIRED;
    const kind = isFinal ? 'final' : 'retry';
    return { kind, code: undefined, retryAfterMs: 0 };
  }
  const extensions = errors.map((error) => error.extensions ?? {});
  const found = (code: string) => extensions.some((extension) => extension.code === code);
  const refusals = extensions.map(({ code }) => code);
  const code = refusals.find((refusal): refusal is string => typeof refusal === 'string');
  if (found('CURSOR_EXPIRED')) return { kind: 'expired', code: 'CURSOR_EXPIRED', retryAfterMs: 0 };
  if (!refusals.every((refusal) => HEALING.includes(refusal as string))) {
    return { kind: 'final', code, retryAfterMs: 0 };
  }
  const waits = extensions.map(({ retryAfterMs }) => (typeof retryAfterMs === 'number' ? retryAfterMs : 0));
  return { kind: 'retry', code, retryAfterMs: Math.max(...waits) };
}

type Errors = NonNullable<FormattedExecutionResult['errors']>;

/** The server's errors, wherever a library keeps them; undefined where there are none. */
function errorsIn(cause: unknown): Errors | undefined {
  if (Array.isArray(cause)) return cause.length > 0 ? cause : undefined;
  if (typeof cause !== 'object' || cause === null) return undefined;
  // `errors` of Apollo Client, `graphQLErrors` of urql, `response.errors` of graphql-request.
  const { errors, graphQLErrors, response } = cause as Record<string, unknown>;
  for (const list of [errors, graphQLErrors, (response as { errors?: unknown } | undefined)?.errors]) {
    if (Array.isArray(list) && list.length > 0) return list;
  }
  return undefined;
}
