import { setTimeout as sleep } from 'node:timers/promises';
import { serviceUnavailable } from '#domain/errors.js';
import type { CachedValue, CacheSource } from '#domain/ports/cache.js';
import { asUnavailable, isReply } from '#redis/client/errors.js';
import type { SharedValue } from './shared-value.js';

/** How long a value needs no renewal, in milliseconds, counted from when its load began. */
const FRESH_MS = 1_000;

/** How long a value is served without waiting for its renewal, in milliseconds after it stopped being fresh. */
const GRACE_MS = 1_000;

/** How long a reader waits for the renewal of a value that is older than that, in milliseconds. */
const PATIENCE_MS = 1_000;

/** How long a reader waits for the first value, in milliseconds. */
const FIRST_WAIT_MS = 10_000;

/** How often a node looks for the value that another node is loading, in milliseconds. */
const LOOK_AGAIN_MS = 50;

/** A value that took long to load is fresh for this many times as long, so that loading is a third of the time. */
const FRESH_PER_LOAD = 2;

/** But never longer than this, in milliseconds. */
const MOST_FRESH_MS = 5_000;

/**
 * What a reader gets:
 *
 *   unknown  nothing is known: waits for the renewal
 *   fresh    the value; there is no renewal
 *   stale    the value, while it is being renewed
 *   old      nobody asked for a while: waits a moment for the renewal, then gets what there is
 *   kept     the renewal failed just now: the value, and no renewal yet
 */
export type Phase = 'unknown' | 'fresh' | 'stale' | 'old' | 'kept';

/** The phase at `now`. All times are in milliseconds of one clock; `freshUntil` is undefined without a value. */
export function phaseOf(now: number, freshUntil: number | undefined, retryAt: number): Phase {
  if (freshUntil === undefined) return 'unknown';
  if (now < freshUntil) return 'fresh';
  if (now < retryAt) return 'kept';
  return now < freshUntil + GRACE_MS ? 'stale' : 'old';
}

/** A value in the memory of this node, and its renewal, of which there is one at a time. */
export class RenewedValue<Value> implements CachedValue<Value> {
  #held: { value: Value; freshUntil: number } | undefined;
  /** Settles when the renewal ends, and never rejects. */
  #renewal: Promise<void> | undefined;
  #failure: unknown;
  #retryAt = Number.NEGATIVE_INFINITY;
  #lastReport: string | undefined;

  constructor(
    private readonly source: CacheSource<Value>,
    private readonly shared: SharedValue,
    private readonly signal: AbortSignal,
    private readonly onError: (error: unknown) => void,
  ) {}

  async read(): Promise<Value> {
    const phase = phaseOf(performance.now(), this.#held?.freshUntil, this.#retryAt);
    if (phase !== 'fresh' && phase !== 'kept') {
      this.#renewal ??= this.#renew();
      if (phase !== 'stale') await atMost(phase === 'old' ? PATIENCE_MS : FIRST_WAIT_MS, this.#renewal);
    }
    if (this.#held) return this.#held.value;
    throw this.#failure ?? serviceUnavailable('This is still being gathered. Please try again.');
  }

  /** Resolves when no renewal is under way. */
  async settled(): Promise<void> {
    await this.#renewal;
  }

  async #renew(): Promise<void> {
    try {
      while (!(await this.#attempt())) await sleep(LOOK_AGAIN_MS, undefined, { signal: this.signal });
      this.#failure = undefined;
      this.#lastReport = undefined;
    } catch (error) {
      this.#failure = error;
      this.#retryAt = performance.now() + FRESH_MS;
      // The connections themselves report that Redis is away.
      if (!this.signal.aborted && asUnavailable('', error) === error) this.#report(error);
    } finally {
      this.#renewal = undefined;
    }
  }

  /** Takes the value that another node stored, or loads it. Returns false if another node is loading it. */
  async #attempt(): Promise<boolean> {
    this.signal.throwIfAborted();
    let isLoading = false;
    const load = () => {
      isLoading = true;
      return this.#load();
    };
    try {
      return (await this.#adopt()) || (await this.shared.underLock(load));
    } catch (error) {
      // Redis refuses to share it, by its access rules or because its memory is full: load it for this node alone.
      if (isLoading || !(error instanceof Error && isReply(error))) throw error;
      this.#report(error);
      await load();
      return true;
    }
  }

  /** Takes the stored value if it is fresh, or if nothing is known here. Returns whether it is fresh. */
  async #adopt(): Promise<boolean> {
    if (this.#held && (await this.shared.freshness()) <= 0) return false;
    const stored = await this.shared.read();
    const value = stored && this.source.parse(parsed(stored.json));
    if (stored === undefined || value === undefined) return false;
    if (this.#held && stored.freshForMs <= 0) return false;
    this.#held = { value, freshUntil: performance.now() + Math.min(stored.freshForMs, MOST_FRESH_MS) };
    return stored.freshForMs > 0;
  }

  async #load(): Promise<void> {
    const beganAt = performance.now();
    const value = await this.source.load(this.signal);
    this.signal.throwIfAborted();
    const now = performance.now();
    const tookMs = now - beganAt;
    const freshForMs = Math.min(Math.max(FRESH_MS - tookMs, FRESH_PER_LOAD * tookMs), MOST_FRESH_MS);
    this.#held = { value, freshUntil: now + freshForMs };
    try {
      await this.shared.store({ json: JSON.stringify(value), freshForMs });
    } catch (error) {
      // This node has the value; the others load it themselves.
      this.#report(error);
    }
  }

  /** Reports an error once, until a renewal succeeds or fails with another. */
  #report(error: unknown): void {
    const text = String(error);
    if (text !== this.#lastReport) this.onError(error);
    this.#lastReport = text;
  }
}

/** Undefined if it is not JSON: it was put there by hand. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Resolves when the work has ended, and at the latest after `ms`. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeIsUp]);
  clearTimeout(timer);
}
