import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import type { Cursor } from '#domain/cursor.js';
import { isMessage, type RoomEvent } from '#domain/entry.js';
import type { ChatError } from '#domain/errors.js';
import type { Message } from '#domain/message.js';
import type { Presence } from '#domain/ports/presence.js';
import type { Audience } from '#fanout/delivery/sink.js';
import { Hub } from '#fanout/hub.js';
import type { HubOptions } from '#fanout/hub-options.js';
import type { Framing } from '#fanout/projection/framing.js';
import type { SelectionLimits } from '#fanout/projection/selection-limit.js';
import type { Start } from '#fanout/start-position.js';
import { MemoryStore } from '#test/support/memory-store.js';

export const ROOM = 'room1';

/** Renders a message. */
export type Render = (message: Message) => Buffer | Promise<Buffer>;

/** Renders a message or another event. */
export type RenderEvent = (event: RoomEvent) => Buffer | Promise<Buffer>;

/** Waits for some turns of the event loop, so that pending work in memory completes. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

/** No limit on distinct selections. */
export const UNLIMITED_SELECTIONS: SelectionLimits = {
  perConnection: 0,
  perAddress: 0,
  perRoom: 0,
  topicsPerAddress: 0,
};

/** Creates a hub on an in-memory store, and records what it reports. */
export function createHub(options: Partial<HubOptions> & { store?: MemoryStore } = {}) {
  const { store = new MemoryStore(), ...more } = options;
  const troubles: unknown[] = [];
  const gaps: number[] = [];
  const present = new Map<string, number>();
  const count = (roomId: string, by: number) => void present.set(roomId, (present.get(roomId) ?? 0) + by);
  const presence: Presence = { join: (roomId) => count(roomId, 1), leave: (roomId) => count(roomId, -1) };
  const hub = new Hub({
    eventLog: store,
    feed: store,
    presence,
    logCapacity: 16,
    frameBytes: 1_048_576,
    selections: UNLIMITED_SELECTIONS,
    pageSize: 5,
    ttlMs: 86_400_000,
    headCheckMs: 3_600_000,
    hooks: {
      onGapFilled: (_roomId, messages) => void gaps.push(messages),
      onTrouble: (_roomId, error) => void troubles.push(error),
    },
    ...more,
  });
  return { hub, store, troubles, gaps, present };
}

const TEXTS: Framing<string[]> = {
  key: 'texts',
  encode: (payloads) => payloads.map(String),
};

/** Records what is written to it. It is full after `capacity` writes, until `drain()` is called. */
export class TestSink implements Audience<string[]> {
  readonly framing: Framing<string[]> = TEXTS;
  readonly received: string[] = [];
  readonly refusals: ExecutionResult[] = [];
  /** The number of writes. */
  writes = 0;
  /** The cursor that delivery started after. */
  startedAfter: Cursor | undefined;
  #sinceDrained = 0;
  #drained: (() => void) | undefined;

  constructor(public capacity = Number.POSITIVE_INFINITY) {}

  get full(): boolean {
    return this.#sinceDrained >= this.capacity;
  }

  startsAfter(cursor: Cursor): void {
    this.startedAfter = cursor;
  }

  write(frames: string[]): void {
    this.writes += 1;
    this.#sinceDrained += 1;
    this.received.push(...frames);
  }

  whenDrained(callback: () => void): void {
    if (this.#drained !== undefined) throw new Error('whenDrained() was called twice.');
    this.#drained = callback;
  }

  refused(result: ExecutionResult): void {
    this.refusals.push(result);
  }

  drain(): void {
    this.#sinceDrained = 0;
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }
}

/** Renders a message as its id. */
export const idOf: Render = (message: Message) => Buffer.from(message.id);

/** A subscription to a room, with its sink. */
export interface TestSubscription {
  sink: TestSink;
  refusals: ChatError[];
  /** Ends delivery and releases the source, as a stream does when it ends. */
  leave(): void;
}

/** Subscribes to a room and delivers into a sink. */
export async function subscribe(
  hub: Hub,
  start: Start,
  { sink = new TestSink(), key = 'ids', render = idOf, roomId = ROOM } = {},
): Promise<TestSubscription> {
  const source = await hub.join(roomId, start, 'connection1');
  const refusals: ChatError[] = [];
  const subscriber = source.subscribe(key, () => render, sink, {
    refused: (reason) => void refusals.push(reason),
  });
  subscriber.pump();
  return {
    sink,
    refusals,
    leave: () => {
      subscriber.end();
      source.release();
    },
  };
}

/** Renders a message as its content, and a retraction as `-` and the ids that it names. */
export const textOf: RenderEvent = (event) =>
  Buffer.from(isMessage(event) ? event.content : `-${event.author ?? event.ids.join()}`);

/** The same, some turns of the event loop later. */
export const laterTextOf: RenderEvent = async (event) => {
  await turns(2);
  return textOf(event);
};

/** Subscribes to the events of a room. */
export async function follow(
  hub: Hub,
  start: Start,
  { sink = new TestSink() as Audience, render = textOf, roomId = ROOM } = {},
) {
  const source = await hub.join(roomId, start, 'connection1', 'events');
  const refusals: ChatError[] = [];
  const owner = { refused: (reason: ChatError) => void refusals.push(reason) };
  const subscriber = source.subscribe(`texts ${render.name}`, () => render, sink, owner);
  subscriber.pump();
  return {
    refusals,
    leave: () => {
      subscriber.end();
      source.release();
    },
  };
}
