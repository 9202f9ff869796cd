import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientGroup, ClientGroupOptions } from '../load/client-group.js';
import { contentOf } from '../load/content.js';
import { isClean, Ledger, type Verdict } from '../load/ledger.js';
import type { Harness } from './harness.js';

/** Sends the numbered messages of one scenario and checks that all its clients receive them. */
export class Traffic {
  /** The number of messages sent, which is also the number of the next one. */
  sent = 0;

  private constructor(
    readonly harness: Harness,
    readonly group: ClientGroup,
    readonly ledger: Ledger,
  ) {}

  /** Connects clients and starts counting. Resolves when all are live. */
  static async start(
    harness: Harness,
    subscribers: number,
    options: Partial<ClientGroupOptions> = {},
  ): Promise<Traffic> {
    const ledger = new Ledger(harness.contender.kind === 'ours');
    const group = await harness.openClients(subscribers, options);
    await harness.becomeLive(group);
    group.count(ledger);
    return new Traffic(harness, group, ledger);
  }

  /** Sends `count` messages at once. Resolves when all have been accepted. */
  async sendAtOnce(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#next()));
  }

  /**
   * Sends `count` messages at a fixed rate, however long the server takes. Resolves when all have been
   * accepted.
   */
  async sendPaced(perSecond: number, count: number): Promise<void> {
    const start = performance.now();
    const refused: unknown[] = [];
    const accepted: Promise<unknown>[] = [];
    for (let number = 0; number < count; number += 1) {
      const wait = start + (number * 1000) / perSecond - performance.now();
      if (wait > 0) await delay(wait);
      accepted.push(this.#next().catch((error) => refused.push(error)));
    }
    await Promise.all(accepted);
    if (refused.length > 0) throw refused[0];
  }

  /**
   * Waits until every client has received every message. Rejects with the delivered count if the time runs
   * out.
   */
  async waitForDelivery(limitMs: number): Promise<void> {
    const expected = this.sent * this.group.counts.length;
    if (await this.group.until(expected, limitMs)) return;
    throw new Error(
      `${this.group.delivered} of ${expected} messages delivered in time. ${this.group.faults.join('; ')}`,
    );
  }

  /** Checks that the sampled clients received each message once, all in one order. */
  verdict(): Verdict {
    return this.ledger.verdict(this.group.sample, 0, this.sent);
  }

  /** Closes the clients and returns the verdict. Throws if anything was lost, duplicated or out of order. */
  finish(): Verdict {
    const verdict = this.verdict();
    const isRight = isClean(verdict) && this.group.eachGot(this.sent) && this.group.faultCount === 0;
    this.group.close();
    if (isRight) return verdict;
    throw new Error(`Delivery was not exact: ${JSON.stringify(verdict)} ${this.group.faults.join('; ')}`);
  }

  async #next(): Promise<void> {
    const index = this.sent;
    this.sent += 1;
    this.ledger.sent(index, performance.now());
    await this.harness.send(contentOf(index));
  }
}
