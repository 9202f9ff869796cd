import { type SendError, type SendRetry, sendOnce } from 'streamly-chat-client';
import { compareIds, type Message } from './message.js';
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

/** How long to try, in milliseconds. Longer than a restart of the server, shorter than it remembers a nonce. */
const TIMEOUT_MS = 240_000;

/**
 * Sends what one says in a room, one after the other, each until its outcome is known, and settles it with what
 * comes back; also while nobody looks at the room. A message that arrives is recognised by its nonce. If it has
 * none, as one that an older server stored, it is recognised by the id in the answer.
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

  /** When the user last sent a message that was not refused, in milliseconds since 1970. Slow mode counts from then. */
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
   * Sends a failed message again. It keeps its nonce if it may have been stored and the server still knows the
   * nonce. Otherwise it is sent as a new message.
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
   * A message came; returns the key of the one that it settles. The caller shows it together with this change:
   * one without the other would be a message gone for a moment.
   */
  arrived(message: Message): string | undefined {
    if (this.#pending.length === 0) return undefined;
    const { id, nonce } = message;
    const settled = this.#pending.find((pending) => pending.id === id || pending.nonce === nonce);
    if (settled !== undefined) this.#storedAt = Math.max(this.#storedAt, settled.saidAt);
    // What was stored before this one will not come any more: it lies in a gap.
    const isDue = (pending: Pending) => pending.id === undefined || compareIds(pending.id, id) > 0;
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
    const hasCome = newest !== undefined && compareIds(id, newest) <= 0;
    if (hasCome || this.#view === undefined) this.discard(nonce);
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

/** A random id. Browsers have no randomUUID on pages that were not loaded securely. */
function makeNonce(): string {
  return (
    crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    )
  );
}
