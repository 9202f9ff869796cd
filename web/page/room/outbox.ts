import { type SendError, type SendRetry, sendOnce } from 'streamly-chat-client';
import { compareCursors } from '../../../packages/client/src/cursor.js';
import { makeNonce } from '../../../packages/client/src/nonce.js';
import type { Message } from './message.js';
import type { Pending } from './pending.js';

/** Sends one message and resolves to it as it was stored. Rejects with the errors of Apollo Client. */
export type Deliver = (
  input: { roomId: string; author: string; content: string; nonce: string },
  signal: AbortSignal,
) => Promise<Message>;

/** The view of a room, which shows its unsent messages. */
export interface OutboxView {
  /** The id of the newest message that arrived. */
  newestId(): string | undefined;
  onChange(): void;
}

/** How long to retry, in milliseconds. Longer than a server restart, shorter than it remembers a nonce. */
const TIMEOUT_MS = 240_000;

/**
 * Sends the user's messages in a room, one after the other, each until its outcome is known, even while the
 * room is not on screen. A message is settled when it arrives by subscription. It is recognized by its nonce
 * or, if an older server stored it without one, by the id in the answer to its send.
 */
export class Outbox {
  #pending: Pending[] = [];
  #busy = false;
  #view: OutboxView | undefined;
  #storedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly roomId: string,
    private readonly deliver: Deliver,
    /** Called at each change with whether anything is unsent. */
    private readonly onUnsent: (isUnsent: boolean) => void,
  ) {}

  /** The messages to show, in the order in which the user sent them. */
  get shown(): readonly Pending[] {
    return this.#pending;
  }

  /** When the user last sent a message that was not refused, in ms since 1970. Slow mode counts from then. */
  get saidAt(): number {
    const counting = this.#pending.filter(({ error }) => error?.outcome !== 'refused');
    return Math.max(this.#storedAt, ...counting.map(({ saidAt }) => saidAt));
  }

  /** Notifies this view of changes until the returned function is called. */
  attach(view: OutboxView): () => void {
    this.#view = view;
    return () => {
      if (this.#view !== view) return;
      this.#view = undefined;
      // A returning user reads the stored messages again. The rest is shown until it arrives.
      this.#put(this.#pending.filter(({ state }) => state !== 'sent'));
    };
  }

  /** Sends a message after those that are still waiting. */
  say(author: string, content: string): void {
    const nonce = makeNonce();
    const said = { nonce, key: nonce, author, content, state: 'sending' as const, saidAt: Date.now() };
    this.#put([...this.#pending, said]);
    this.#changed();
    this.#sendNext();
  }

  /**
   * Sends a failed message again. It keeps its nonce if it may have been stored and the server still knows
   * the nonce. Otherwise it is sent as a new message.
   */
  retry(nonce: string): void {
    const { error, triedAt = 0 } = this.#find(nonce) ?? {};
    const isKnown = error?.outcome === 'unknown' && Date.now() < triedAt + TIMEOUT_MS;
    const asNew = { nonce: makeNonce(), triedAt: undefined, saidAt: Date.now() };
    this.#update(nonce, { state: 'sending', error: undefined, until: undefined, ...(!isKnown && asNew) });
    this.#sendNext();
  }

  /** Drops a message. */
  discard(nonce: string): void {
    this.#remove(nonce);
    this.#changed();
  }

  /**
   * A message arrived. Returns the key of the pending message that it settles. The caller must show the two
   * changes together: otherwise the message would disappear for a moment.
   */
  arrived(message: Message): string | undefined {
    if (this.#pending.length === 0) return undefined;
    const { id, nonce } = message;
    const settled = this.#pending.find((pending) => pending.id === id || pending.nonce === nonce);
    if (settled !== undefined) this.#storedAt = Math.max(this.#storedAt, settled.saidAt);
    // Pending messages that were stored before this one will not arrive any more: they are in a gap.
    const isDue = (pending: Pending) => pending.id === undefined || compareCursors(pending.id, id) > 0;
    this.#put(this.#pending.filter((pending) => pending !== settled && isDue(pending)));
    return settled?.key;
  }

  #sendNext(): void {
    const next = this.#pending.find(({ state }) => state === 'sending');
    if (this.#busy || next === undefined) return;
    this.#busy = true;
    this.#send(next)
      .then(
        ({ id }) => this.#settle(next.nonce, id),
        (error: SendError) => this.#fail(next.nonce, error),
      )
      .finally(() => {
        this.#busy = false;
        this.#sendNext();
      });
  }

  #send({ nonce, author, content, triedAt = Date.now() }: Pending): Promise<Message> {
    const { roomId } = this;
    this.#alter(nonce, { triedAt });
    return sendOnce((_nonce, signal) => this.deliver({ roomId, author, content, nonce }, signal), {
      nonce,
      timeoutMs: triedAt + TIMEOUT_MS - Date.now(),
      onRetry: (retry) => this.#waits(nonce, retry),
    });
  }

  #waits(nonce: string, { delayMs, error }: SendRetry): void {
    if (error.code !== 'RATE_LIMITED') return;
    this.#update(nonce, { state: 'waiting', until: Date.now() + delayMs });
  }

  /** It was stored, so it is dropped once it arrives. If a newer message has arrived, it has arrived too. */
  #settle(nonce: string, id: string): void {
    this.#storedAt = Date.now();
    const newest = this.#view?.newestId();
    const hasArrived = newest !== undefined && compareCursors(id, newest) <= 0;
    if (hasArrived || this.#view === undefined) this.discard(nonce);
    else this.#update(nonce, { state: 'sent', id, until: undefined });
  }

  #fail(nonce: string, error: SendError): void {
    const until = error.code === 'RATE_LIMITED' ? Date.now() + error.retryAfterMs : undefined;
    this.#update(nonce, { state: 'failed', error, until });
  }

  #find(nonce: string): Pending | undefined {
    return this.#pending.find((pending) => pending.nonce === nonce);
  }

  #update(nonce: string, change: Partial<Pending>): void {
    this.#alter(nonce, change);
    this.#changed();
  }

  #alter(nonce: string, change: Partial<Pending>): void {
    this.#put(
      this.#pending.map((pending) => (pending.nonce === nonce ? { ...pending, ...change } : pending)),
    );
  }

  #remove(nonce: string): void {
    this.#put(this.#pending.filter((pending) => pending.nonce !== nonce));
  }

  #put(pending: Pending[]): void {
    this.#pending = pending;
    this.onUnsent(pending.length > 0);
  }

  #changed(): void {
    this.#view?.onChange();
  }
}
