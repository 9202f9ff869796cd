/** At most `count` actions in any window of `windowMs` milliseconds (a sliding window). */
export interface RateLimit {
  /** 0 means no limit. */
  count: number;
  windowMs: number;
}

/** Limits on sending, besides a room's slow mode. */
export interface SendLimits {
  /** Per user and room. */
  perUser: RateLimit;
  /** Per network address, over all rooms. */
  perAddress: RateLimit;
  /** New rooms per network address. A send into a room without messages begins it. */
  roomsPerAddress: RateLimit;
}

/** The sender of a message, as the limits count it. */
export interface Sender {
  /** Senders with the same id share the per-user limit. */
  id: string;
  /** The network address. Empty if it is unknown. */
  address: string;
  exempt: 'from nothing' | 'from slow mode' | 'from all limits';
}

/** Actions that are limited per network address before they begin. */
export type RateLimitedAction = 'connections' | 'sessions' | 'rooms';

/** Rate limits that all nodes count together. */
export interface RateLimiter {
  /**
   * Counts one action of a network address. Returns undefined if there is no limit or the address is empty.
   * Rejects with RATE_LIMITED if the limit is reached. If the action cannot be counted in time, it is allowed
   * or rejected with SERVICE_UNAVAILABLE, depending on the configuration.
   */
  take(action: Exclude<RateLimitedAction, 'rooms'>, address: string): Promise<void> | undefined;

  /**
   * The same for a room that a subscription opens. Counts one new room of the address if the room is not
   * active, and nothing if it is. Concurrent calls for the same room and address count once.
   */
  takeRoom(roomId: string, address: string): Promise<void> | undefined;
}

/** Slow mode: how long each user must wait between two messages in a room. */
export interface SlowModes {
  /**
   * Sets a room's slow mode in seconds; 0 turns it off. It
   * expires with the room's messages. Throws SERVICE_UNAVAILABLE.
   */
  set(roomId: string, seconds: number): Promise<void>;
  /**
   * The slow mode of each room in seconds, in the order given. One round trip. Throws SERVICE_UNAVAILABLE, which is in
   * place of single values if only a part of the store is unreachable.
   */
  of(roomIds: readonly string[]): Promise<(number | Error)[]>;
}
