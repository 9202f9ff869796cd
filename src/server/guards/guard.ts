/** The interface of guards, and their verdicts. */
import type { IncomingMessage } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';

/** A cheap check that runs before any work is done for a request, a stream or an upgrade. */
export interface Guard {
  /** Decides by the head of the request. Never throws or rejects: if the check fails, it still decides. */
  check(request: IncomingMessage): Verdict | Promise<Verdict>;
}

export type Verdict = Allowed | Refused;

export interface Allowed {
  readonly allowed: true;
  /** Headers to add to the response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Releases what the guard holds for this request. Safe to call twice. */
  readonly release?: () => void;
}

export interface Refused {
  readonly allowed: false;
  /** The label of the refusal in metrics. */
  readonly reason: RefusalReason;
  readonly status: 400 | 403 | 429 | 503;
  readonly error: GraphQLFormattedError;
  readonly headers?: Readonly<Record<string, string>>;
}

export type RefusalReason = 'origin' | 'host' | 'connections' | 'address' | 'rate' | 'answers';

/** The verdict of a guard that has nothing to add. */
export const ALLOWED: Allowed = { allowed: true };

/** A refusal with a Retry-After header. */
export function tryAgainLater(
  reason: RefusalReason,
  status: 429 | 503,
  error: GraphQLFormattedError,
  afterMs: number,
): Refused {
  const headers = { 'Retry-After': String(Math.ceil(afterMs / 1_000)) };
  return { allowed: false, reason, status, error, headers };
}
