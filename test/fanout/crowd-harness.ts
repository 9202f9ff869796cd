/** Runs random steps on a room with many subscriptions, and checks what each subscription received. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { countMessages } from '#domain/entry.js';
import { type ChatError, serviceUnavailable } from '#domain/errors.js';
import type { Hub } from '#fanout/hub.js';
import type { Start } from '#fanout/start-position.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, idOf, type Render, ROOM, subscribe, TestSink, type TestSubscription } from './fixture.js';

const renderAsync: Render = async (message) => {
  await nextTurn();
  return Buffer.from(message.id);
};

/** Adds a subscription. */
export interface Join {
  do: 'join';
  from: 'now' | 'last' | 'after' | 'beginning';
  /** How many messages before the newest one to start. */
  back: number;
  /** The number of writes after which the sink is full. */
  capacity: number;
  /** Whether rendering is asynchronous. */
  isAsync: boolean;
}

/** Acts on one subscription. */
export interface OnSubscription {
  do: 'drain' | 'leave';
  /** Its index. */
  subscription: number;
}

/** One random step. */
export type Step =
  | { do: 'send' | 'sendOpaque' | 'turn' | 'check' | 'storeDown' | 'storeUp' }
  | Join
  | OnSubscription;

/** A subscription, and the range of indexes in `sent` in which its first message must lie. */
interface Subscription extends Partial<TestSubscription> {
  sink: TestSink;
  earliest: number;
  latest: number;
  joinRefusal?: ChatError;
  hasLeft?: boolean;
}

export class CrowdHarness {
  readonly store: MemoryStore;
  readonly hub: Hub;
  /** The ids of the messages sent. */
  readonly sent: string[] = [];
  /** The ids of the entries of all kinds. */
  readonly entries: string[] = [];
  readonly subscriptions: Subscription[] = [];
  isStoreDown = false;
  /** How many messages the log has received for certain. A new subscription may miss later ones. */
  #known = 0;
  #wasStoreDown = false;
  readonly #capacity: number;

  constructor(historyLimit: number, logCapacity: number, pageSize: number) {
    const store = new MemoryStore({ historyLimit });
    const unlessDown = async <T>(answer: () => Promise<T>): Promise<T> => {
      if (this.isStoreDown) throw serviceUnavailable('The store is down.');
      return answer();
    };
    const eventLog = {
      page: (...args: Parameters<MemoryStore['page']>) => unlessDown(() => store.page(...args)),
      messages: (...args: Parameters<MemoryStore['messages']>) => unlessDown(() => store.messages(...args)),
      heads: (rooms: readonly string[]) => unlessDown(() => store.heads(rooms)),
    };
    this.#capacity = Math.min(logCapacity, historyLimit);
    this.store = store;
    this.hub = createHub({ eventLog, feed: store, logCapacity: this.#capacity, pageSize }).hub;
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'send') {
      this.sent.push(this.store.put(ROOM).id);
      this.entries.push(this.sent.at(-1)!);
    } else if (step.do === 'sendOpaque') this.entries.push(this.store.putOpaque(ROOM).id);
    else if (step.do === 'turn') await this.turn();
    else if (step.do === 'check') await this.hub.checkHeads().catch(() => undefined);
    else if (step.do === 'join') this.join(step);
    else if (step.do === 'drain') this.subscriptions[step.subscription]?.sink.drain();
    else if (step.do === 'leave') this.leave(step.subscription);
    else {
      this.isStoreDown = step.do === 'storeDown';
      this.#wasStoreDown ||= this.isStoreDown;
    }
  }

  async turn(): Promise<void> {
    await nextTurn();
    if (!this.#wasStoreDown) this.#known = this.sent.length;
  }

  join(step: Join): void {
    const { sent } = this;
    // `last` is limited to the capacity of the log, as the configuration ensures.
    const count = Math.min(step.back, this.#capacity, countMessages(this.store.kept(ROOM)));
    const after = Math.max(0, sent.length - step.back);
    const starts: Record<Join['from'], [Start, number]> = {
      now: [{ from: 'now' }, this.#known],
      last: [{ from: 'last', count }, this.#known - count],
      after: [{ from: 'after', cursor: sent[after - 1] ?? '0' }, after],
      beginning: [{ from: 'after', cursor: '0' }, 0],
    };
    const [start, earliest] = starts[step.from];
    const isExact = start.from === 'after';
    const latest = isExact ? earliest : sent.length - (step.from === 'last' ? count : 0);
    const subscription: Subscription = { sink: new TestSink(step.capacity), earliest, latest };
    this.subscriptions.push(subscription);
    const options = {
      sink: subscription.sink,
      key: String(step.isAsync),
      render: step.isAsync ? renderAsync : idOf,
    };
    const before = sent.length;
    subscribe(this.hub, start, options).then(
      (joined) => {
        Object.assign(subscription, joined);
        if (!isExact) subscription.latest += sent.length - before;
        if (subscription.hasLeft) joined.leave();
      },
      (error: ChatError) => {
        subscription.joinRefusal = error;
      },
    );
  }

  leave(index: number): void {
    const subscription = this.subscriptions[index];
    if (subscription === undefined || subscription.hasLeft) return;
    subscription.hasLeft = true;
    subscription.leave?.();
  }

  /**
   * Lets all subscriptions read to the end. Compares heads only if the store was down, which nothing else
   * repairs.
   */
  async settle(): Promise<void> {
    this.isStoreDown = false;
    for (let round = 0; round < 12; round += 1) {
      for (const { sink } of this.subscriptions) {
        sink.capacity = Number.POSITIVE_INFINITY;
        sink.drain();
      }
      for (let turn = 0; turn < 8; turn += 1) await nextTurn();
      if (this.#wasStoreDown) await this.hub.checkHeads();
    }
  }

  /** Expects consecutive messages from the start on, up to the last one or until a justified refusal. */
  expectExactOrRefused(subscription: Subscription): void {
    const { sent, entries } = this;
    const { sink, earliest, latest, refusals = [], joinRefusal, hasLeft } = subscription;
    const oldestKept = entries.length - this.store.kept(ROOM).length;
    const [refusal = joinRefusal] = refusals;
    const [first] = sink.received;
    // A subscription that received nothing started after the last message, unless it was refused or left.
    const startedAtEnd = refusal === undefined && !hasLeft;
    const from = first !== undefined ? sent.indexOf(first) : startedAtEnd ? sent.length : earliest;
    const next = from + sink.received.length;
    expect(sink.received).toEqual(sent.slice(from, next));
    expect(from).toBeGreaterThanOrEqual(earliest);
    expect(from).toBeLessThanOrEqual(latest);
    if (hasLeft) return;
    if (refusal === undefined) return void expect(next).toBe(sent.length);
    expect(refusals.length).toBeLessThanOrEqual(1);
    if (refusal.code === 'SERVICE_UNAVAILABLE') expect(joinRefusal).toBe(refusal);
    else {
      expect(refusal.code).toBe('CURSOR_EXPIRED');
      const needed = next === 0 ? 0 : entries.indexOf(sent[next - 1]!) + 1;
      expect(oldestKept, 'the next entry it needs is gone').toBeGreaterThan(needed);
    }
  }
}
