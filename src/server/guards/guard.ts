/** The vocabulary of the guards: what they are asked, and what they answer. */
import type { IncomingMessage } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';

/** A check that a request passes before it costs anything. One shape for requests, streams and upgrades. */
export interface Guard {
  /** Decides from the head of the request alone. Never throws or rejects: a failing check decides, too. */
  check(request: IncomingMessage): Verdict | Promise<Verdict>;
}

export type Verdict = Allowed | Refused;

export interface Allowed {
  readonly allowed: true;
  /** Headers for whatever answer the request gets. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Gives back what the guard holds for this request. Safe to call twice. */
  readonly release?: () => void;
}

export interface Refused {
  readonly allowed: false;
  /** What metrics count the refusal under. */
  readonly reason: RefusalReason;
  readonly status: 400 | 403 | 429 | 503;
  readonly error: GraphQLFormattedError;
  readonly headers?: Readonly<Record<string, string>>;
}

export type RefusalReason = 'origin' | 'host' | 'connections' | 'address' | 'rate';

/** The verdict of a guard that has nothing to add. */
export const ALLOWED: Allowed = { allowed: true };

/** A refusal that names the time after which the client may try again. */
export function tryAgainLater(
  reason: RefusalReason,
  status: 429 | 503,
  error: GraphQLFormattedError,
  afterMs: number,
): Refused {
  const headers = { 'Retry-After': String(Math.ceil(afterMs / 1_000)) };
  return { allowed: false, reason, status, error, headers };
}
