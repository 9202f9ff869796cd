import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { RoomLog } from '#fanout/log/room-log.js';
import { ROOM } from '#test/fanout/fixture.js';
import { UnreliableStore } from '#test/fanout/unreliable-store.js';
import { MemoryStore } from '#test/support/memory-store.js';

export const TTL_MS = 1_000;

/** What happens next between the store and the log. */
export type Step =
  | { do: 'send' | 'sendOpaque' | 'sendAsBefore' | 'resume' | 'check' | 'fail' | 'flush' | 'restore' }
  | { do: 'tell' | 'tellTwice' | 'lose'; index: number }
  | { do: 'answer'; snapshot: 'asked' | 'now' }
  | { do: 'wait'; ms: number };

/** A log on an unreliable store, with everything that was sent and everything that it appended. */
export class Observed {
  readonly store: MemoryStore;
  readonly between: UnreliableStore;
  readonly log: RoomLog;
  /** Whatever was appended to the store's log, of any kind. */
  readonly sent: string[] = [];
  /** What was appended since the log last started again; a new list for each time. */
  readonly appended: string[][] = [[]];
  troubles: unknown[] = [];
  #seen = 0;
  #floor = 0;
  #restore: (() => void) | undefined;

  constructor(historyLimit: number, capacity: number, pageSize: number) {
    this.store = new MemoryStore({ historyLimit, ttlMs: TTL_MS });
    this.between = new UnreliableStore(this.store);
    const options = {
      eventLog: this.between,
      feed: this.between,
      capacity,
      pageSize,
      ttlMs: TTL_MS,
      elapsed: () => Date.now(),
    };
    this.log = new RoomLog(ROOM, options, {
      onChange: () => this.observe(),
      onFailed: () => undefined,
      onGapFilled: () => undefined,
      onTrouble: (error) => void this.troubles.push(error),
    });
  }

  send(): void {
    this.sent.push(this.store.put(ROOM).id);
    // A snapshot that is taken now and then.
    if (this.sent.length % 3 === 0) this.#restore = this.store.snapshot();
  }

  /** Loses all data. It takes its time: no id is given twice. */
  flush(): void {
    this.store.flush();
    vi.setSystemTime(Date.now() + 1);
  }

  /** Restarts with older data. */
  restore(): void {
    this.#restore?.();
    vi.setSystemTime(Date.now() + 1);
  }

  /** Takes note of what the log holds by now. */
  observe(): void {
    const { reader } = this.log;
    if (reader.floor !== this.#floor) {
      this.#floor = reader.floor;
      this.appended.push([]);
    }
    for (let position = Math.max(this.#seen, reader.start); position < reader.end; position += 1) {
      this.appended.at(-1)!.push(reader.at(position)!.id);
    }
    this.#seen = reader.end;
  }

  async take(taken: Step): Promise<void> {
    const { between, store } = this;
    if (taken.do === 'send') this.send();
    else if (taken.do === 'sendOpaque') this.sent.push(store.putOpaque(ROOM).id);
    else if (taken.do === 'sendAsBefore') this.sent.push(store.putAsBefore(ROOM).id);
    else if (taken.do === 'tell') between.tell(taken.index);
    else if (taken.do === 'tellTwice') between.tell(taken.index, true);
    else if (taken.do === 'lose') between.published.splice(taken.index, 1);
    else if (taken.do === 'resume') between.listener?.onResumed();
    else if (taken.do === 'check') await this.check();
    else if (taken.do === 'answer') between.answer(taken.snapshot);
    else if (taken.do === 'fail') between.fail();
    else if (taken.do === 'flush') this.flush();
    else if (taken.do === 'restore') this.restore();
    else if (taken.do === 'wait') vi.setSystemTime(Date.now() + taken.ms);
    await nextTurn();
    this.observe();
  }

  async check(): Promise<void> {
    const [head] = await this.store.heads([ROOM]);
    this.log.check(head!);
  }

  /** Answers reads until none is asked. */
  async answerAll(): Promise<void> {
    for (let rounds = 0; this.between.reads.length > 0; rounds += 1) {
      expect(rounds, 'reads that never end').toBeLessThan(500);
      this.between.answer('now');
      await nextTurn();
    }
    this.observe();
  }

  /** What was appended since each start is a stretch of what was sent. */
  expectNoGap(): void {
    for (const stretch of this.appended) {
      const from = stretch.length === 0 ? 0 : this.sent.indexOf(stretch[0]!);
      expect(stretch).toEqual(this.sent.slice(from, from + stretch.length));
    }
  }
}
