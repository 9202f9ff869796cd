import { AUTHOR, indexOf } from './content.js';
import type { Delivery, Join } from './protocol.js';

/** What the sampled sockets saw, checked frame by frame. */
export interface Verdict {
  /** Frames that were parsed in full. */
  readonly checked: number;
  /** Messages that a sampled socket did not get. */
  readonly lost: number;
  /** Messages that a sampled socket got more than once. */
  readonly doubled: number;
  /** Sampled sockets whose order differs from the first one's, or whose message ids do not ascend. */
  readonly disordered: number;
  /** Frames with a wrong content, room, author or operation id; the first few in words. */
  readonly wrong: number;
  readonly examples: readonly string[];
}

export const isClean = (verdict: Verdict): boolean =>
  verdict.lost + verdict.doubled + verdict.disordered + verdict.wrong === 0;

/** The sampled sockets' record: which messages came, in which order, and how long after they were sent. */
export class Ledger {
  readonly #sentAt: number[] = [];
  readonly #seen = new Map<number, number[]>();
  readonly #lastId = new Map<number, string>();
  readonly #backwards = new Set<number>();
  readonly #examples: string[] = [];
  #wrong = 0;
  #checked = 0;
  /** Milliseconds from the send to the receipt, for each checked frame. */
  latencies: number[] = [];

  /** `idsAscend`: the ids are `<ms>-<seq>` of one clock, as ours promises. */
  constructor(readonly idsAscend: boolean) {}

  /** Message number `index` is being sent at `at` (performance.now()). */
  sent(index: number, at: number): void {
    this.#sentAt[index] = at;
  }

  /** Forgets the latencies so far: what follows is measured anew. */
  restartLatencies(): void {
    this.latencies = [];
  }

  /** Socket number `socket`, which joined by `join`, read this frame at `at`. */
  received(socket: number, join: Join, delivery: Delivery | undefined, text: string, at: number): void {
    this.#checked += 1;
    const index = delivery ? indexOf(delivery.content) : -1;
    if (!delivery || index < 0 || !isFor(delivery, join)) {
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

  /** Holds the record of `sockets` against the messages `from` to `to` (exclusive): each once, in one order. */
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
      // Whoever is behind must still have begun in the same order.
      if (seen.some((index, place) => place < order.length && order[place] !== index)) disordered.add(socket);
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

/** Whether this delivery is what the client asked for, whichever message it is. */
export function isFor(delivery: Delivery, join: Join): boolean {
  return (
    delivery.roomId === join.roomId &&
    delivery.author === AUTHOR &&
    delivery.contentField === join.contentField &&
    (delivery.operationId === undefined || delivery.operationId === join.operationId)
  );
}

function ascends(before: string | undefined, id: string): boolean {
  if (before === undefined) return true;
  const [beforeMs = 0, beforeSeq = 0] = before.split('-').map(Number);
  const [ms = 0, seq = 0] = id.split('-').map(Number);
  return ms > beforeMs || (ms === beforeMs && seq > beforeSeq);
}
