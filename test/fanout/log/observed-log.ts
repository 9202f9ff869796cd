import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { Retractions } from '#fanout/log/retractions.js';
import { RoomLog } from '#fanout/log/room-log.js';
import { ROOM } from '#test/fanout/fixture.js';
import { UnreliableNetwork } from '#test/fanout/unreliable-network.js';
import { MemoryStore } from '#test/support/memory-store.js';

export const TTL_MS = 1_000;

/** One random step between the store and the log. */
export type Step =
  | { do: 'send' | 'sendOpaque' | 'sendAsBefore' | 'resume' | 'check' | 'fail' | 'flush' | 'restore' }
  | { do: 'deliver' | 'duplicate' | 'drop'; index: number }
  | { do: 'answer'; snapshot: 'stale' | 'fresh' }
  | { do: 'wait'; ms: number };

/** A log behind an unreliable network. Records all entries that were sent, and all that the log appended. */
export class ObservedLog {
  readonly store: MemoryStore;
  readonly network: UnreliableNetwork;
  readonly log: RoomLog;
  /** The ids of all entries sent to the store, of any kind. */
  readonly sent: string[] = [];
  /** The ids that the log appended. Each reset of the log starts a new list. */
  readonly appended: string[][] = [[]];
  troubles: unknown[] = [];
  #seen = 0;
  #floor = 0;
  #restore: (() => void) | undefined;

  constructor(historyLimit: number, capacity: number, pageSize: number) {
    this.store = new MemoryStore({ historyLimit, ttlMs: TTL_MS });
    this.network = new UnreliableNetwork(this.store);
    const options = {
      eventLog: this.network,
      feed: this.network,
      capacity,
      pageSize,
      ttlMs: TTL_MS,
      retractions: new Retractions(),
      elapsed: () => Date.now(),
    };
    this.log = new RoomLog(ROOM, options, {
      onChange: () => this.observe(),
      onFailed: () => undefined,
      onRetracted: () => undefined,
      onGapFilled: () => undefined,
      onTrouble: (error) => void this.troubles.push(error),
    });
  }

  send(): void {
    this.sent.push(this.store.put(ROOM).id);
    // Take a snapshot regularly, for `restore()`.
    if (this.sent.length % 3 === 0) this.#restore = this.store.snapshot();
  }

  /** Makes the store lose its data. Time moves forward, so that no id is reused. */
  flush(): void {
    this.store.flush();
    vi.setSystemTime(Date.now() + 1);
  }

  /** Restarts the store from an older snapshot. */
  restore(): void {
    this.#restore?.();
    vi.setSystemTime(Date.now() + 1);
  }

  /** Records the entries that the log has appended since the last call. */
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

  async run(step: Step): Promise<void> {
    const { network, store } = this;
    if (step.do === 'send') this.send();
    else if (step.do === 'sendOpaque') this.sent.push(store.putOpaque(ROOM).id);
    else if (step.do === 'sendAsBefore') this.sent.push(store.putAsBefore(ROOM).id);
    else if (step.do === 'deliver') network.deliver(step.index);
    else if (step.do === 'duplicate') network.deliver(step.index, true);
    else if (step.do === 'drop') network.published.splice(step.index, 1);
    else if (step.do === 'resume') network.listener?.onResumed();
    else if (step.do === 'check') await this.check();
    else if (step.do === 'answer') network.answer(step.snapshot);
    else if (step.do === 'fail') network.fail();
    else if (step.do === 'flush') this.flush();
    else if (step.do === 'restore') this.restore();
    else if (step.do === 'wait') vi.setSystemTime(Date.now() + step.ms);
    await nextTurn();
    this.observe();
  }

  async check(): Promise<void> {
    const [head] = await this.store.heads([ROOM]);
    this.log.check(head!);
  }

  /** Answers reads until none are waiting. */
  async answerAll(): Promise<void> {
    for (let rounds = 0; this.network.reads.length > 0; rounds += 1) {
      expect(rounds, 'endless reads').toBeLessThan(500);
      this.network.answer('fresh');
      await nextTurn();
    }
    this.observe();
  }

  /** Expects each list of appended ids to be a consecutive part of the ids sent. */
  expectNoGap(): void {
    for (const ids of this.appended) {
      const from = ids.length === 0 ? 0 : this.sent.indexOf(ids[0]!);
      expect(ids).toEqual(this.sent.slice(from, from + ids.length));
    }
  }
}
