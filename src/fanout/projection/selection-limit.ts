import { ChatError } from '#domain/errors.js';

/** Distinct selections that may be rendered at once; 0 means no limit. */
export interface SelectionLimits {
  perConnection: number;
  perAddress: number;
  /** Selections in one room, or on one topic. */
  perRoom: number;
}

/** Who asked for a selection first. */
export interface SelectionOwner {
  connectionId: string;
  /** Empty if it is not known; it is not counted then. */
  address: string;
}

/** When a client should try again. This is a guess: it depends on when other subscriptions end. */
const RETRY_AFTER_MS = 1_000;

/**
 * Limits how many distinct selections one client can make this node render. Every distinct selection of a room
 * is executed again for each message, so a thousand of them would slow down everyone. A subscription whose
 * selection is rendered already costs nothing here, and is never refused.
 */
export class SelectionLimit {
  readonly #byConnection = new Map<string, number>();
  readonly #byAddress = new Map<string, number>();

  constructor(private readonly limits: SelectionLimits) {}

  /**
   * Counts a new selection, and returns the function that releases it, which is safe to call twice. `inRoom` is
   * how many the room has already. Throws RATE_LIMITED if a limit is reached.
   */
  claim({ connectionId, address }: SelectionOwner, inRoom: number): () => void {
    const { perConnection, perAddress, perRoom } = this.limits;
    if (perRoom > 0 && inRoom >= perRoom) {
      throw tooMany(`This room is limited to ${perRoom} distinct selections at once.`, perRoom);
    }
    if (isFull(this.#byConnection, connectionId, perConnection)) {
      throw tooMany(
        `A connection is limited to ${perConnection} distinct selections at once. Subscribe with the same fields and aliases, or complete a subscription first.`,
        perConnection,
      );
    }
    if (isFull(this.#byAddress, address, perAddress)) {
      throw tooMany('Your network has too many distinct selections open at once.', perAddress);
    }
    add(this.#byConnection, connectionId, 1);
    add(this.#byAddress, address, 1);
    let isClaimed = true;
    return () => {
      if (!isClaimed) return;
      isClaimed = false;
      add(this.#byConnection, connectionId, -1);
      add(this.#byAddress, address, -1);
    };
  }
}

function isFull(counts: ReadonlyMap<string, number>, name: string, limit: number): boolean {
  return limit > 0 && name !== '' && (counts.get(name) ?? 0) >= limit;
}

function add(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}

function tooMany(message: string, limit: number): ChatError {
  return new ChatError('RATE_LIMITED', message, { limit, retryAfterMs: RETRY_AFTER_MS });
}
