import { setTimeout as sleep } from 'node:timers/promises';
import { serviceUnavailable } from '#domain/errors.js';
import type { CachedValue, CacheSource } from '#domain/ports/cache.js';
import { asUnavailable, isReply } from '#redis/client/errors.js';
import type { SharedValue } from './shared-value.js';

/** How long a value stays fresh, in milliseconds from the start of its load. */
const FRESH_MS = 1_000;

/** How long a stale value is served without waiting for its renewal, in milliseconds. */
const GRACE_MS = 1_000;

/** How long a reader waits for a renewal once the value is older than that, in milliseconds. */
const PATIENCE_MS = 1_000;

/** How long a reader waits for the first value, in milliseconds. */
const FIRST_WAIT_MS = 10_000;

/** How often a node checks for a value that another node is loading, in milliseconds. */
const POLL_MS = 50;

/** A slow value stays fresh for this many times its load time, so loads take at most a third of the time. */
const FRESH_PER_LOAD = 2;

/** The longest time that a value stays fresh, however slow its load was, in milliseconds. */
const MAX_FRESH_MS = 5_000;

/**
 * What a read does:
 *
 *   unknown  there is no value yet: wait for the renewal
 *   fresh    return the value
 *   stale    return the value and renew it in the background
 *   old      the value was not read for a while: wait briefly for the renewal, then return the latest value
 *   kept     the last renewal failed just now: return the value and do not renew it yet
 */
export type Phase = 'unknown' | 'fresh' | 'stale' | 'old' | 'kept';

/**
 * The phase at `now`. All times are in milliseconds of one clock; `freshUntil` is undefined without a value.
 */
export function phaseOf(now: number, freshUntil: number | undefined, retryAt: number): Phase {
  if (freshUntil === undefined) return 'unknown';
  if (now < freshUntil) return 'fresh';
  if (now < retryAt) return 'kept';
  return now < freshUntil + GRACE_MS ? 'stale' : 'old';
}

/** A value in this node's memory. At most one renewal runs at a time. */
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
    throw this.#failure ?? serviceUnavailable('The data is still being loaded. Try again shortly.');
  }

  /** Resolves once no renewal is running. */
  async settled(): Promise<void> {
    await this.#renewal;
  }

  async #renew(): Promise<void> {
    try {
      while (!(await this.#attempt())) await sleep(POLL_MS, undefined, { signal: this.signal });
      this.#failure = undefined;
      this.#lastReport = undefined;
    } catch (error) {
      this.#failure = error;
      this.#retryAt = performance.now() + FRESH_MS;
      // If Redis is down, the connections report it.
      if (!this.signal.aborted && asUnavailable('', error) === error) this.#report(error);
    } finally {
      this.#renewal = undefined;
    }
  }

  /** Adopts the value that another node stored, or loads it. Returns false if another node is loading it. */
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
      // Redis refuses to share it because of an ACL or because its memory is full, or the shard that has it is away.
      // Load it for this node only.
      const isAway = this.shared.isOnShard && asUnavailable('', error) !== error;
      const isRefused = error instanceof Error && isReply(error);
      if (isLoading || !(isAway || isRefused)) throw error;
      if (isRefused) this.#report(error);
      await load();
      return true;
    }
  }

  /** Adopts the stored value if it is fresh, or if this node has none. Returns whether it is fresh. */
  async #adopt(): Promise<boolean> {
    if (this.#held && (await this.shared.freshness()) <= 0) return false;
    const stored = await this.shared.read();
    const value = stored && this.source.parse(parsed(stored.json));
    if (stored === undefined || value === undefined) return false;
    if (this.#held && stored.freshForMs <= 0) return false;
    this.#held = { value, freshUntil: performance.now() + Math.min(stored.freshForMs, MAX_FRESH_MS) };
    return stored.freshForMs > 0;
  }

  async #load(): Promise<void> {
    const beganAt = performance.now();
    const value = await this.source.load(this.signal);
    this.signal.throwIfAborted();
    const now = performance.now();
    const tookMs = now - beganAt;
    const freshForMs = Math.min(Math.max(FRESH_MS - tookMs, FRESH_PER_LOAD * tookMs), MAX_FRESH_MS);
    this.#held = { value, freshUntil: now + freshForMs };
    try {
      await this.shared.store({ json: JSON.stringify(value), freshForMs });
    } catch (error) {
      // This node has the value. Other nodes will load their own.
      this.#report(error);
    }
  }

  /** Reports an error once, until a renewal succeeds or a different error occurs. */
  #report(error: unknown): void {
    const text = String(error);
    if (text !== this.#lastReport) this.onError(error);
    this.#lastReport = text;
  }
}

/** Undefined if the text is not JSON, because someone wrote it by hand. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Resolves when `work` has ended, or after `ms` milliseconds. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeIsUp]);
  clearTimeout(timer);
}
