import { AUTHOR, indexOf } from './content.js';
import type { Delivery, Subscription } from './protocol.js';

/** The result of checking the sampled sockets frame by frame. */
export interface Verdict {
  /** Frames that were parsed in full. */
  readonly checked: number;
  /** Messages that a sampled socket did not receive. */
  readonly lost: number;
  /** Messages that a sampled socket received again. */
  readonly doubled: number;
  /**
   * Sampled sockets that received a different order than the first one, or message ids that do not ascend.
   */
  readonly disordered: number;
  /** Frames with a wrong content, room, author, content field or operation id. */
  readonly wrong: number;
  /** The text of the first three wrong frames. */
  readonly examples: readonly string[];
}

export const isClean = (verdict: Verdict): boolean =>
  verdict.lost + verdict.doubled + verdict.disordered + verdict.wrong === 0;

/** Records which messages the sampled sockets received, in which order, and how long after they were sent. */
export class Ledger {
  readonly #sentAt: number[] = [];
  readonly #seen = new Map<number, number[]>();
  readonly #lastId = new Map<number, string>();
  readonly #backwards = new Set<number>();
  readonly #examples: string[] = [];
  #wrong = 0;
  #checked = 0;
  /** Milliseconds from sending to receiving, for each checked frame. */
  latencies: number[] = [];

  /** `idsAscend`: whether to check that ids (`<ms>-<seq>`) ascend, which `ours` promises. */
  constructor(readonly idsAscend: boolean) {}

  /** Records that message number `index` was sent at `at` (performance.now()). */
  sent(index: number, at: number): void {
    this.#sentAt[index] = at;
  }

  /** Discards the latencies recorded so far. */
  restartLatencies(): void {
    this.latencies = [];
  }

  /** Records that socket number `socket` read this frame of its subscription at `at`. */
  received(
    socket: number,
    subscription: Subscription,
    delivery: Delivery | undefined,
    text: string,
    at: number,
  ): void {
    this.#checked += 1;
    const index = delivery ? indexOf(delivery.content) : -1;
    if (!delivery || index < 0 || !isFor(delivery, subscription)) {
      this.#wrong += 1;
      if (this.#examples.length < 3) this.#examples.push(text.slice(0, 300));
      return;
    }
    const seen = this.#seen.get(socket);
    if (seen) seen.push(index);
    else this.#seen.set(socket, [index]);
    if (this.idsAscend && !ascends(this.#lastId.get(socket), delivery.id)) this.#backwards.add(socket);
    this.#lastId.set(socket, delivery.id);
    const sentAt = this.#sentAt[index];
    if (sentAt !== undefined) this.latencies.push(at - sentAt);
  }

  /**
   * Checks that each of `sockets` received messages `from` to `to` (exclusive), each once and all in one
   * order.
   */
  verdict(sockets: readonly number[], from: number, to: number): Verdict {
    const order = this.#seen.get(sockets[0]!) ?? [];
    let lost = 0;
    let doubled = 0;
    const disordered = new Set(this.#backwards);
    for (const socket of sockets) {
      const seen = this.#seen.get(socket) ?? [];
      const distinct = new Set(seen);
      doubled += seen.length - distinct.size;
      for (let index = from; index < to; index += 1) if (!distinct.has(index)) lost += 1;
      // A socket that is behind must still have received the same order so far.
      if (seen.some((index, position) => position < order.length && order[position] !== index))
        disordered.add(socket);
    }
    return {
      checked: this.#checked,
      lost,
      doubled,
      disordered: disordered.size,
      wrong: this.#wrong,
      examples: this.#examples,
    };
  }
}

/** Whether this delivery matches the client's subscription. Does not check which message it is. */
export function isFor(delivery: Delivery, subscription: Subscription): boolean {
  return (
    delivery.roomId === subscription.roomId &&
    delivery.author === AUTHOR &&
    delivery.contentField === subscription.contentField &&
    (delivery.operationId === undefined || delivery.operationId === subscription.operationId)
  );
}

function ascends(before: string | undefined, id: string): boolean {
  if (before === undefined) return true;
  const [beforeMs = 0, beforeSeq = 0] = before.split('-').map(Number);
  const [ms = 0, seq = 0] = id.split('-').map(Number);
  return ms > beforeMs || (ms === beforeMs && seq > beforeSeq);
}
