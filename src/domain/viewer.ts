import type { User } from './message.js';

/**
 * What a viewer may do beside reading and writing: `moderator` keeps order in rooms; `service` is the platform
 * itself, which no limit on sending holds back. Every viewer is a `viewer`.
 */
export const ROLES = ['viewer', 'moderator', 'service'] as const;

export type Role = (typeof ROLES)[number];

/** Someone who has shown who they are. */
export interface Viewer {
  user: User;
  roles: readonly Role[];
  /** The session that says so, by the name it is kept under; a platform's token has none. */
  sessionId?: string;
  /** When the platform's token stops to count, in milliseconds since 1970; a session says so by ending. */
  expiresAt?: number;
}

/** Whether a viewer has one of these roles; a guest has none. */
export function hasRole(viewer: Viewer | null, ...roles: readonly Role[]): boolean {
  return viewer?.roles.some((role) => roles.includes(role)) ?? false;
}

/** Finds out who a token belongs to. */
export interface TokenVerifier {
  /**
   * Throws UNAUTHENTICATED for a token that is forged, expired, or of a session that has ended, and
   * SERVICE_UNAVAILABLE where that cannot be found out in time.
   */
  verify(token: string): Promise<Viewer>;
}

/** A session that begins. Its token is given once, and nobody can find it out later. */
export interface StartedSession {
  token: string;
  user: User;
}

/** The sessions of this chat, whose tokens say nothing by themselves. Each call throws SERVICE_UNAVAILABLE. */
export interface SessionStore {
  /** Makes a user of this name, with an id that nobody else has. */
  start(name: string, roles: readonly Role[]): Promise<StartedSession>;
  /** Who the token belongs to, whose session is prolonged by this; null where there is no such session. */
  find(token: string): Promise<Viewer | null>;
  /** Whether it was there to be ended. */
  end(sessionId: string): Promise<boolean>;
  /** Which of these sessions are over. Those that are not are in use, and are prolonged. */
  over(sessionIds: readonly string[]): Promise<string[]>;
}
