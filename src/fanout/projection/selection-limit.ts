import { ChatError } from '#domain/errors.js';

/** Distinct selections that may be rendered at once; 0 means no limit. */
export interface SelectionLimits {
  perConnection: number;
  perAddress: number;
  /** Selections in one room, or on one topic. */
  perRoom: number;
  /** Topics that one address follows, whatever it selects. */
  topicsPerAddress: number;
}

/** The client of a subscription, as the limits count it. */
export interface SelectionClient {
  connectionId: string;
  /** Empty if it is not known; it is not counted then. */
  address: string;
}

/** A subscription that holds a selection. Each is an object of its own. */
export type SelectionHolder = SelectionClient;

/** When a client should try again. This is a guess: it depends on when other subscriptions end. */
const RETRY_AFTER_MS = 1_000;

/**
 * Limits how many distinct selections one client can make this node render. Every distinct selection of a room
 * is executed again for each message, so a thousand of them would slow down everyone. A subscription whose
 * selection is rendered already costs nothing here, and is never refused.
 *
 * A client that uses one selection in many rooms has one distinct selection.
 */
export class SelectionLimit {
  readonly #perRoom: number;
  readonly #byConnection: Claims;
  readonly #byAddress: Claims;

  constructor(
    { perConnection, perAddress, perRoom }: Omit<SelectionLimits, 'topicsPerAddress'>,
    /** What is counted, for messages to clients. */
    private readonly counted = 'distinct selections',
  ) {
    this.#perRoom = perRoom;
    this.#byConnection = new Claims(perConnection);
    this.#byAddress = new Claims(perAddress);
  }

  /**
   * Counts a selection that a room does not render yet. `inRoom` is how many the room has already. Throws
   * RATE_LIMITED if a limit is reached.
   */
  claim(holder: SelectionHolder, key: string, inRoom: number): void {
    const { connectionId, address } = holder;
    if (this.#byConnection.isFull(connectionId, key)) {
      const { limit } = this.#byConnection;
      throw tooMany(
        `A connection is limited to ${limit} ${this.counted} at once. Subscribe with the same fields and aliases, or complete a subscription first.`,
        limit,
      );
    }
    if (this.#byAddress.isFull(address, key)) {
      throw tooMany(`Your network has too many ${this.counted} open at once.`, this.#byAddress.limit);
    }
    if (this.#perRoom > 0 && inRoom >= this.#perRoom) {
      throw tooMany(`This room is limited to ${this.#perRoom} ${this.counted} at once.`, this.#perRoom);
    }
    this.inherit(holder, key);
  }

  /** Counts a selection that another subscription claimed and has left. It is rendered already, so never refused. */
  inherit({ connectionId, address }: SelectionHolder, key: string): void {
    this.#byConnection.add(connectionId, key);
    this.#byAddress.add(address, key);
  }

  /** Ends what `claim` or `inherit` counted. */
  release({ connectionId, address }: SelectionHolder, key: string): void {
    this.#byConnection.remove(connectionId, key);
    this.#byAddress.remove(address, key);
  }
}

/** The selections of one room or topic that subscriptions hold. */
export class HeldSelections {
  readonly #held = new Map<string, HeldSelection>();

  constructor(private readonly limit: SelectionLimit) {}

  /** Holds a selection for a subscription, which must release it. Throws RATE_LIMITED; see SelectionLimit. */
  hold(key: string, holder: SelectionHolder): HeldSelection {
    let held = this.#held.get(key);
    if (held === undefined) {
      this.limit.claim(holder, key, this.#held.size);
      held = new HeldSelection(key, holder, this.limit, () => this.#held.delete(key));
      this.#held.set(key, held);
    }
    held.add(holder);
    return held;
  }
}

/**
 * One selection of a room or topic, and the subscriptions that hold it. The oldest of them counts against the limits.
 * Otherwise a client could begin selections for others to keep, and have its own limit back when it leaves.
 */
export class HeldSelection {
  readonly #holders = new Set<SelectionHolder>();

  constructor(
    private readonly key: string,
    private claimant: SelectionHolder,
    private readonly limit: SelectionLimit,
    private readonly onEmpty: () => void,
  ) {}

  add(holder: SelectionHolder): void {
    this.#holders.add(holder);
  }

  /** Safe to call twice. */
  release(holder: SelectionHolder): void {
    if (!this.#holders.delete(holder)) return;
    const [oldest] = this.#holders;
    if (holder === this.claimant) {
      this.limit.release(holder, this.key);
      if (oldest !== undefined) {
        this.limit.inherit(oldest, this.key);
        this.claimant = oldest;
      }
    }
    if (oldest === undefined) this.onEmpty();
  }
}

/** The distinct selections that each client has claimed. A selection may be claimed in several rooms. */
class Claims {
  readonly #byClient = new Map<string, Map<string, number>>();

  /** `limit` applies to each client; 0 means no limit. */
  constructor(readonly limit: number) {}

  isFull(client: string, key: string): boolean {
    if (!this.#counts(client)) return false;
    const claimed = this.#byClient.get(client);
    return claimed !== undefined && claimed.size >= this.limit && !claimed.has(key);
  }

  add(client: string, key: string): void {
    if (!this.#counts(client)) return;
    let claimed = this.#byClient.get(client);
    if (claimed === undefined) {
      claimed = new Map();
      this.#byClient.set(client, claimed);
    }
    claimed.set(key, (claimed.get(key) ?? 0) + 1);
  }

  remove(client: string, key: string): void {
    const claimed = this.#byClient.get(client);
    const count = claimed?.get(key);
    if (claimed === undefined || count === undefined) return;
    if (count > 1) claimed.set(key, count - 1);
    else claimed.delete(key);
    if (claimed.size === 0) this.#byClient.delete(client);
  }

  #counts(client: string): boolean {
    return this.limit > 0 && client !== '';
  }
}

function tooMany(message: string, limit: number): ChatError {
  return new ChatError('RATE_LIMITED', message, { limit, retryAfterMs: RETRY_AFTER_MS });
}
