/** Runs random sends, retractions and joins through a hub behind an unreliable network. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { compareIds } from '#domain/cursor.js';
import { isMessage, isRetraction, type Retraction, type RoomEvent, retracts } from '#domain/entry.js';
import type { ChatError } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import type { Hub } from '#fanout/hub.js';
import type { Start } from '#fanout/start-position.js';
import { MemoryStore } from '#test/support/memory-store.js';
import { createHub, follow, type RenderEvent, ROOM, TestSink } from './fixture.js';
import { UnreliableNetwork } from './unreliable-network.js';

/** One random step. */
export type Step =
  | { do: 'send'; author: number }
  | { do: 'retract' | 'retractAuthor'; index: number }
  | { do: 'deliver' | 'duplicate' | 'drop'; index: number }
  | { do: 'answer'; snapshot: 'stale' | 'fresh' }
  | { do: 'turn' | 'resume' | 'check' }
  | { do: 'join'; from: 'now' | 'last' | 'after'; back: number; capacity: number; isAsync: boolean }
  | { do: 'drain' | 'stall'; subscription: number };

const json: RenderEvent = (event) => Buffer.from(JSON.stringify(event));
const jsonLater: RenderEvent = async (event) => {
  await nextTurn();
  return json(event);
};

/** A sink that checks each write: nothing is repeated or out of order, and nothing that is known to be retracted. */
class CheckedSink extends TestSink {
  readonly events: RoomEvent[] = [];
  /** What was wrong. A sink must not throw. */
  readonly problems: string[] = [];

  constructor(
    capacity: number,
    private readonly seen: readonly Retraction[],
  ) {
    super(capacity);
  }

  override write(frames: string[]): void {
    super.write(frames);
    for (const frame of frames) {
      const event: RoomEvent = JSON.parse(frame);
      const before = this.events.at(-1)?.id ?? this.startedAfter ?? '0';
      if (compareIds(event.id, before) <= 0) this.problems.push(`${event.id} came after ${before}`);
      if (isMessage(event) && this.seen.some((retraction) => retracts(retraction, event))) {
        this.problems.push(`${event.id} was written after its retraction was seen`);
      }
      this.events.push(event);
    }
  }

  /** The messages that a client shows after these events. */
  get visible(): Message[] {
    return visibleAfter(this.events);
  }
}

function visibleAfter(events: readonly RoomEvent[]): Message[] {
  let visible: Message[] = [];
  for (const event of events) {
    if (isMessage(event)) visible.push(event);
    else visible = visible.filter((message) => !retracts(event, message));
  }
  return visible;
}

interface Subscription {
  sink: CheckedSink;
  start: Start;
  refusals: ChatError[];
}

export class RetractionHarness {
  readonly store: MemoryStore;
  readonly network: UnreliableNetwork;
  readonly hub: Hub;
  readonly subscriptions: Subscription[] = [];
  /** The retractions that the hub has seen for certain. */
  readonly seen: Retraction[] = [];

  constructor(
    private readonly historyLimit: number,
    logCapacity: number,
    pageSize: number,
  ) {
    const store = new MemoryStore({ historyLimit });
    const network = new UnreliableNetwork(store);
    this.store = store;
    this.network = network;
    const eventLog = {
      page: network.page.bind(network),
      messages: store.messages.bind(store),
      heads: store.heads.bind(store),
    };
    this.hub = createHub({ eventLog, feed: network, logCapacity, pageSize }).hub;
  }

  async run(step: Step): Promise<void> {
    const { store, network } = this;
    if (step.do === 'send') {
      const author = { id: `user:${step.author}`, name: 'A' };
      store.put(ROOM, `text ${step.author}`, author);
    } else if (step.do === 'retract') {
      const messages = store.kept(ROOM).filter(isMessage);
      const message = messages[messages.length - 1 - (step.index % Math.max(1, messages.length))];
      if (message !== undefined) store.take(ROOM, [message.id]);
    } else if (step.do === 'retractAuthor') store.takeAllOf(ROOM, `user:${step.index % 3}`);
    else if (step.do === 'deliver' || step.do === 'duplicate')
      this.deliver(step.index, step.do === 'duplicate');
    else if (step.do === 'drop') network.published.splice(step.index, 1);
    else if (step.do === 'answer') await this.answer(step.snapshot);
    else if (step.do === 'turn') await nextTurn();
    else if (step.do === 'resume') network.listener?.onResumed();
    else if (step.do === 'check') await this.hub.checkHeads();
    else if (step.do === 'join') this.join(step);
    else if (step.do === 'drain' || step.do === 'stall') {
      const sink = this.subscriptions[step.subscription]?.sink;
      if (step.do === 'drain') sink?.drain();
      else if (sink !== undefined) sink.capacity = 0;
    }
  }

  deliver(index: number, keep = false): void {
    const { listener, published } = this.network;
    const entry = published[index];
    this.network.deliver(index, keep);
    if (listener !== undefined && entry !== undefined && isRetraction(entry)) this.seen.push(entry);
  }

  async answer(snapshot: 'stale' | 'fresh'): Promise<void> {
    const [read] = this.network.reads;
    if (read === undefined) return;
    const page = await (snapshot === 'stale' ? read.stale : read.fresh()).catch(() => undefined);
    this.network.answer(snapshot);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    this.seen.push(...(page?.entries.filter(isRetraction) ?? []));
  }

  join({ from, back, capacity, isAsync }: Step & { do: 'join' }): void {
    const entries = this.store.kept(ROOM);
    const starts: Record<typeof from, Start> = {
      now: { from: 'now' },
      last: { from: 'last', count: back },
      after: { from: 'after', cursor: entries.at(-1 - back)?.id ?? '0' },
    };
    const subscription = { sink: new CheckedSink(capacity, this.seen), start: starts[from], refusals: [] };
    const { sink } = subscription;
    follow(this.hub, subscription.start, { sink, render: isAsync ? jsonLater : json }).then(
      ({ refusals }) => this.subscriptions.push(Object.assign(subscription, { refusals })),
      (error: ChatError) => this.subscriptions.push({ ...subscription, refusals: [error] }),
    );
  }

  /** Lets all subscriptions read to the end. */
  async settle(): Promise<void> {
    for (let round = 0; round < 12; round += 1) {
      for (const { sink } of this.subscriptions) {
        sink.capacity = Number.POSITIVE_INFINITY;
        sink.drain();
      }
      while (this.network.published.length > 0) this.deliver(0);
      await this.hub.checkHeads();
      for (let turn = 0; turn < 6; turn += 1) {
        await this.answer('fresh');
        await nextTurn();
      }
    }
  }

  /** Expects that a client which shows what it received shows what the room has. */
  expectModel({ sink, start, refusals }: Subscription): void {
    const { startedAfter = '0', events } = sink;
    expect(sink.problems).toEqual([]);
    const kept = this.store.kept(ROOM);
    for (const refusal of refusals) {
      expect(refusal.code).toBe('CURSOR_EXPIRED');
      expect(kept.length).toBe(this.historyLimit);
    }
    if (refusals.length > 0) return;
    const messages = kept.filter(isMessage).filter(({ id }) => compareIds(id, startedAfter) > 0);
    const oldestKept = kept[0]?.id ?? '0';
    const shown = sink.visible.filter(({ id }) => compareIds(id, oldestKept) >= 0);
    expect(shown.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
    const received = events.filter(isRetraction).map(({ id }) => id);
    const all = kept.filter(isRetraction).map(({ id }) => id);
    const expected = start.from === 'after' ? all.filter((id) => compareIds(id, start.cursor) > 0) : all;
    const sinceKept = received.filter((id) => compareIds(id, oldestKept) >= 0);
    if (start.from === 'after') expect(sinceKept).toEqual(expected);
    else expect(expected.slice(expected.length - sinceKept.length)).toEqual(sinceKept);
  }
}
