import { type SendError, type SendRetry, sendOnce } from '../../client/index.js';
import { compareIds, type Message } from './message.js';

/** A message of one's own that is not settled: shown below the others until it is. */
export interface Pending {
  nonce: string;
  /** Its line's key, which the message that settles it takes over. */
  key: string;
  author: string;
  content: string;
  state: 'sending' | 'waiting' | 'sent' | 'failed';
  /** Where it is `waiting`: when it will be sent, in milliseconds since 1970. */
  until?: number;
  /** Where it has `failed`: why, in words; and whether it may have been sent all the same. */
  error?: SendError;
  /** The id it was stored with, once that is known. */
  id?: string;
  /** A message that came meanwhile and is probably this one: it is shown in its place. */
  seenAs?: string;
}

/** Sends one message. Rejects as Apollo Client does. */
export type Deliver = (
  input: { roomId: string; author: string; content: string; nonce: string },
  signal: AbortSignal,
) => Promise<Message>;

/** Longer than a server that restarts is away, and shorter than it remembers a nonce. */
const TIMEOUT_MS = 240_000;

/**
 * Sends what one says, one after the other, each until its outcome is known, and settles it with what comes
 * back. A message is known by its nonce to the server, and by the id that this gave it to the page; where it
 * arrives before that id is known, by its author and its text, until the answer proves or corrects it.
 */
export class Outbox {
  #pending: Pending[] = [];
  #busy = false;
  readonly #closed = new AbortController();

  constructor(
    private readonly roomId: string,
    private readonly deliver: Deliver,
    private readonly newestId: () => string | undefined,
    private readonly onChange: () => void,
  ) {}

  /** What is to be shown, in the order it was said. */
  get shown(): readonly Pending[] {
    return this.#pending.filter(({ seenAs }) => seenAs === undefined);
  }

  say(author: string, content: string): void {
    const nonce = makeNonce();
    this.#pending = [...this.#pending, { nonce, key: nonce, author, content, state: 'sending' }];
    this.onChange();
    this.#sendNext();
  }

  /** Tries a failed one again, with the same nonce. */
  retry(nonce: string): void {
    this.#update(nonce, { state: 'sending', error: undefined });
    this.#sendNext();
  }

  discard(nonce: string): void {
    this.#remove(nonce);
    this.onChange();
  }

  /**
   * A message came; returns the key of the one that it settles or stands for. Whoever has the message shows
   * it together with this change: one without the other would be a message gone for a moment.
   */
  arrived({ id, author, content }: Message): string | undefined {
    if (this.#pending.length === 0) return undefined;
    const known = this.#pending.find((pending) => pending.id === id);
    if (known !== undefined) {
      this.#remove(known.nonce);
      return known.key;
    }
    const alike = this.#pending.find(
      (pending) =>
        pending.id === undefined &&
        pending.seenAs === undefined &&
        pending.state !== 'failed' &&
        pending.content === content &&
        pending.author === author.name,
    );
    if (alike === undefined) return undefined;
    this.#alter(alike.nonce, { seenAs: id });
    return alike.key;
  }

  close(): void {
    this.#closed.abort(new Error('The room was left.'));
  }

  #sendNext(): void {
    const next = this.#pending.find(({ state }) => state === 'sending');
    if (this.#busy || next === undefined || this.#closed.signal.aborted) return;
    this.#busy = true;
    this.#send(next)
      .then(
        ({ id }) => this.#settle(next.nonce, id),
        (error: SendError) => this.#show(next.nonce, { state: 'failed', error }),
      )
      .finally(() => {
        this.#busy = false;
        this.#sendNext();
      });
  }

  #send({ nonce, author, content }: Pending): Promise<Message> {
    const { roomId } = this;
    return sendOnce((_nonce, signal) => this.deliver({ roomId, author, content, nonce }, signal), {
      nonce,
      timeoutMs: TIMEOUT_MS,
      signal: this.#closed.signal,
      onRetry: (retry) => this.#waits(nonce, retry),
    });
  }

  #waits(nonce: string, { delayMs, error }: SendRetry): void {
    if (error.code !== 'RATE_LIMITED') return;
    this.#update(nonce, { state: 'waiting', until: Date.now() + delayMs });
  }

  /** It was stored: it goes as soon as it has come, which it has where a newer one has. */
  #settle(nonce: string, id: string): void {
    const newest = this.newestId();
    if (newest !== undefined && compareIds(id, newest) <= 0) this.discard(nonce);
    else this.#show(nonce, { state: 'sent', id });
  }

  /** Shows it below the others, where it may have been taken for one of those: that keeps the key. */
  #show(nonce: string, change: Partial<Pending>): void {
    const mistaken = this.#pending.some((pending) => pending.nonce === nonce && pending.seenAs !== undefined);
    this.#update(nonce, { ...change, seenAs: undefined, ...(mistaken && { key: `${nonce} again` }) });
  }

  #update(nonce: string, change: Partial<Pending>): void {
    this.#alter(nonce, change);
    this.onChange();
  }

  #alter(nonce: string, change: Partial<Pending>): void {
    this.#pending = this.#pending.map((pending) =>
      pending.nonce === nonce ? { ...pending, ...change } : pending,
    );
  }

  #remove(nonce: string): void {
    this.#pending = this.#pending.filter((pending) => pending.nonce !== nonce);
  }
}

/** A random id, also on a page that was not loaded securely, where browsers have no randomUUID. */
function makeNonce(): string {
  return (
    crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
      '',
    )
  );
}
