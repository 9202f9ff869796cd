import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { contentOf } from '../load/content.js';
import type { Crowd, CrowdOptions } from '../load/crowd.js';
import { isClean, Ledger, type Verdict } from '../load/ledger.js';
import type { Stage } from './stage.js';

/** The messages of one scenario, numbered from 0, and the clients that are to get every one of them. */
export class Talk {
  /** How many were sent, which is the number of the next one. */
  sent = 0;

  private constructor(
    readonly stage: Stage,
    readonly crowd: Crowd,
    readonly ledger: Ledger,
  ) {}

  /** Gathers clients, and resolves once all are live. */
  static async begin(stage: Stage, subscribers: number, options: Partial<CrowdOptions> = {}): Promise<Talk> {
    const ledger = new Ledger(stage.contender.kind === 'ours');
    const crowd = await stage.crowd(subscribers, options);
    await stage.live(crowd);
    crowd.count(ledger);
    return new Talk(stage, crowd, ledger);
  }

  /** Sends `count` messages without waiting between them; resolves once all were accepted. */
  async atOnce(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#next()));
  }

  /** Sends `count` messages by the clock, however long the server takes; resolves once all were accepted. */
  async paced(perSecond: number, count: number): Promise<void> {
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

  /** Waits until every client has all that was sent; an error says what was delivered within the limit. */
  async delivered(limitMs: number): Promise<void> {
    const expected = this.sent * this.crowd.counts.length;
    if (await this.crowd.until(expected, limitMs)) return;
    throw new Error(
      `${this.crowd.delivered} of ${expected} delivered in time. ${this.crowd.faults.join('; ')}`,
    );
  }

  /** Holds the sample against what was sent: each message once, in one order. */
  verdict(): Verdict {
    return this.ledger.verdict(this.crowd.sample, 0, this.sent);
  }

  /** The same, for scenarios in which nothing may be missing; an error says what is. Ends the clients. */
  end(): Verdict {
    const verdict = this.verdict();
    const isRight = isClean(verdict) && this.crowd.eachGot(this.sent) && this.crowd.faultCount === 0;
    this.crowd.close();
    if (isRight) return verdict;
    throw new Error(`Not delivered as promised: ${JSON.stringify(verdict)} ${this.crowd.faults.join('; ')}`);
  }

  async #next(): Promise<void> {
    const index = this.sent;
    this.sent += 1;
    this.ledger.sent(index, performance.now());
    await this.stage.send(contentOf(index));
  }
}
