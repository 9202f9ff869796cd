import type { User } from './message.js';

/**
 * Permission levels. Every viewer has the role `viewer` and may read and write. A `moderator` keeps order in
 * rooms. The `service` is the platform itself, which is exempt from all sending limits.
 */
export const ROLES = ['viewer', 'moderator', 'service'] as const;

export type Role = (typeof ROLES)[number];

/** The signed-in user of an operation. */
export interface Viewer {
  user: User;
  roles: readonly Role[];
  /** The session that the viewer signed in with. Undefined for a platform token. */
  sessionId?: string;
  /** When the platform token expires, in milliseconds since 1970. Undefined for a session. */
  expiresAt?: number;
}

/**
 * The roles in a claim, which is a list or a string separated by spaces, in upper or lower case. Ignores
 * unknown names and always includes `viewer`.
 */
export function parseRoles(claim: unknown): Role[] {
  const names: unknown[] = typeof claim === 'string' ? claim.split(/\s+/) : Array.isArray(claim) ? claim : [];
  const named = new Set(names.map((name) => (typeof name === 'string' ? name.toLowerCase() : undefined)));
  return ROLES.filter((role) => role === 'viewer' || named.has(role));
}

/** Whether a viewer has one of these roles. A guest has none. */
export function hasRole(viewer: Viewer | null, ...roles: readonly Role[]): boolean {
  return viewer?.roles.some((role) => roles.includes(role)) ?? false;
}

/** Verifies tokens. */
export interface TokenVerifier {
  /**
   * Returns the viewer that a token belongs to. Throws UNAUTHENTICATED if the token is invalid or has
   * expired, or if its session has ended. Throws SERVICE_UNAVAILABLE if it cannot be verified in time.
   */
  verify(token: string): Promise<Viewer>;
}

/** A new session. This is the only time its token is revealed. */
export interface StartedSession {
  token: string;
  user: User;
}

/** The sign-in sessions of this server. Their tokens are opaque. Every call may throw SERVICE_UNAVAILABLE. */
export interface SessionStore {
  /** Creates a user with this name and a unique id, and starts a session for them. */
  start(name: string, roles: readonly Role[]): Promise<StartedSession>;
  /** The viewer that a token belongs to, or null if its session has ended. Extends the session. */
  find(token: string): Promise<Viewer | null>;
  /** Ends a session. Returns whether it existed. */
  end(sessionId: string): Promise<boolean>;
  /**
   * Returns the sessions that have ended. The others count as used and are extended. A session that cannot be checked,
   * because only a part of the store is unreachable, is not among the ended ones.
   */
  findEnded(sessionIds: readonly string[]): Promise<string[]>;
}
