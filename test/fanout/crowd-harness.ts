/** A crowd in a room, what it does, and what it must have received by then. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { countMessages } from '#domain/entry.js';
import { type ChatError, serviceUnavailable } from '#domain/errors.js';
import type { Hub } from '#fanout/hub.js';
import type { Start } from '#fanout/start-position.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, type Following, follow, idOf, type Render, ROOM, TestSink } from './fixture.js';

const later: Render = async (message) => {
  await nextTurn();
  return Buffer.from(message.id);
};

export interface Join {
  do: 'join';
  from: 'now' | 'last' | 'after' | 'beginning';
  /** How many messages before the newest. */
  back: number;
  /** Writes until the sink is full. */
  room: number;
  isLater: boolean;
}

export interface OfViewer {
  do: 'drain' | 'leave';
  viewer: number;
}

export type Step = { do: 'send' | 'sendOpaque' | 'turn' | 'check' | 'away' | 'back' } | Join | OfViewer;

/** A viewer, and the range in which the first message lies that it must get, as positions in what was sent. */
interface Viewer extends Partial<Following> {
  sink: TestSink;
  earliest: number;
  latest: number;
  refusedAtJoin?: ChatError;
  hasLeft?: boolean;
}

export class CrowdHarness {
  readonly store: MemoryStore;
  readonly hub: Hub;
  /** The messages. */
  readonly sent: string[] = [];
  /** Entries of all kinds. */
  readonly entries: string[] = [];
  readonly viewers: Viewer[] = [];
  isAway = false;
  /** What the log has for certain: a viewer that joins does not wait for the last word of the feed. */
  #known = 0;
  #wasAway = false;
  readonly #capacity: number;

  constructor(historyLimit: number, logCapacity: number, pageSize: number) {
    const store = new MemoryStore({ historyLimit });
    const unlessAway = async <T>(answer: () => Promise<T>): Promise<T> => {
      if (this.isAway) throw serviceUnavailable('away');
      return answer();
    };
    const eventLog = {
      page: (...asked: Parameters<MemoryStore['page']>) => unlessAway(() => store.page(...asked)),
      messages: (...asked: Parameters<MemoryStore['messages']>) => unlessAway(() => store.messages(...asked)),
      heads: (rooms: readonly string[]) => unlessAway(() => store.heads(rooms)),
    };
    this.#capacity = Math.min(logCapacity, historyLimit);
    this.store = store;
    this.hub = createHub({ eventLog, feed: store, logCapacity: this.#capacity, pageSize }).hub;
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'send') {
      this.sent.push(this.store.put(ROOM).id);
      this.entries.push(this.sent.at(-1)!);
    } else if (step.do === 'sendOpaque') this.entries.push(this.store.putOpaque(ROOM).id);
    else if (step.do === 'turn') await this.turn();
    else if (step.do === 'check') await this.hub.checkHeads().catch(() => undefined);
    else if (step.do === 'join') this.join(step);
    else if (step.do === 'drain') this.viewers[step.viewer]?.sink.drain();
    else if (step.do === 'leave') this.leave(step.viewer);
    else {
      this.isAway = step.do === 'away';
      this.#wasAway ||= this.isAway;
    }
  }

  async turn(): Promise<void> {
    await nextTurn();
    if (!this.#wasAway) this.#known = this.sent.length;
  }

  join(step: Join): void {
    const { sent } = this;
    // `last` is answered from the log, and app.ts makes that as large as what may be asked.
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
    const viewer: Viewer = { sink: new TestSink(step.room), earliest, latest };
    this.viewers.push(viewer);
    const options = { sink: viewer.sink, key: String(step.isLater), render: step.isLater ? later : idOf };
    const before = sent.length;
    follow(this.hub, start, options).then(
      (following) => {
        Object.assign(viewer, following);
        if (!isExact) viewer.latest += sent.length - before;
        if (viewer.hasLeft) following.leave();
      },
      (error: ChatError) => {
        viewer.refusedAtJoin = error;
      },
    );
  }

  leave(number: number): void {
    const viewer = this.viewers[number];
    if (viewer === undefined || viewer.hasLeft) return;
    viewer.hasLeft = true;
    viewer.leave?.();
  }

  /** Lets everybody read to the end. Where the store was never away, nothing waits for a check. */
  async settle(): Promise<void> {
    this.isAway = false;
    for (let round = 0; round < 12; round += 1) {
      for (const { sink } of this.viewers) {
        sink.room = Number.POSITIVE_INFINITY;
        sink.drain();
      }
      for (let turn = 0; turn < 8; turn += 1) await nextTurn();
      if (this.#wasAway) await this.hub.checkHeads();
    }
  }

  expectKept(viewer: Viewer): void {
    const { sent, entries } = this;
    const { sink, earliest, latest, refusals = [], refusedAtJoin, hasLeft } = viewer;
    const oldestKept = entries.length - this.store.kept(ROOM).length;
    const [refusal = refusedAtJoin] = refusals;
    const [first] = sink.received;
    // Who has nothing began at the end, or else has been refused or has left.
    const beganAtEnd = refusal === undefined && !hasLeft;
    const from = first !== undefined ? sent.indexOf(first) : beganAtEnd ? sent.length : earliest;
    const next = from + sink.received.length;
    expect(sink.received).toEqual(sent.slice(from, next));
    expect(from).toBeGreaterThanOrEqual(earliest);
    expect(from).toBeLessThanOrEqual(latest);
    if (hasLeft) return;
    if (refusal === undefined) return void expect(next).toBe(sent.length);
    expect(refusals.length).toBeLessThanOrEqual(1);
    if (refusal.code === 'SERVICE_UNAVAILABLE') expect(refusedAtJoin).toBe(refusal);
    else {
      expect(refusal.code).toBe('CURSOR_EXPIRED');
      const needed = next === 0 ? 0 : entries.indexOf(sent[next - 1]!) + 1;
      expect(oldestKept, 'what it needed next is gone').toBeGreaterThan(needed);
    }
  }
}
