/** How many of a thing are taken within a time, whichever time of that length one looks at. */
export interface RateLimit {
  /** 0 is no limit. */
  count: number;
  windowMs: number;
}

/** What a send is held to, besides the room's slow mode. */
export interface SendLimits {
  /** Of one user in one room. */
  perUser: RateLimit;
  /** Of one network address, in all rooms. */
  perAddress: RateLimit;
  /** Rooms that one network address may begin: a send into a room without messages begins it. */
  roomsPerAddress: RateLimit;
}

/** Who sends, as the limits see it. */
export interface Sender {
  /** Whoever shares this shares what a user may send in a room. */
  id: string;
  /** The network address; empty where it is not known. */
  address: string;
  exempt: 'from nothing' | 'from slow mode' | 'from all limits';
}

/** What is counted by network address before it is begun. */
export type PacedKind = 'connections' | 'sessions' | 'rooms';

/** Limits that are counted for all nodes together. */
export interface RateLimiter {
  /**
   * Takes one from what the address may have of this kind; undefined where there is no limit, or no
   * address. Throws
   * RATE_LIMITED. Where the count cannot be had soon it lets pass, or throws SERVICE_UNAVAILABLE, as it is set up.
   */
  take(kind: Exclude<PacedKind, 'rooms'>, address: string): Promise<void> | undefined;

  /**
   * The same for a room that a subscription opens. Takes one of the address's new rooms if the room is not active,
   * and nothing if it is. Calls for one room and address at the same time count once.
   */
  takeRoom(roomId: string, address: string): Promise<void> | undefined;
}

/** How long each user has to wait between two messages in a room. */
export interface SlowModes {
  /** In seconds, 0 for none; kept for as long as there is talk in the room. Throws SERVICE_UNAVAILABLE. */
  set(roomId: string, seconds: number): Promise<void>;
  /** For each room, in the order asked, in seconds. One round trip. Throws SERVICE_UNAVAILABLE. */
  of(roomIds: readonly string[]): Promise<number[]>;
}
