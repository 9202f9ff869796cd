import type { Message } from '#domain/message.js';
import { type Owner, SharedSource } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import type { StartPosition, Subscriber } from '#fanout/delivery/subscriber.js';
import type { Render } from '#fanout/projection/framing.js';
import type { HeldSelection, SelectionOwner } from '#fanout/projection/selection-limit.js';
import type { Room } from './room.js';

/** The source of one subscription to a room. `leave` is called once, when the source is released. */
export class RoomSource extends SharedSource<Message> {
  #start: StartPosition | undefined;
  #leave: (() => void) | undefined;
  #held: HeldSelection | undefined;

  constructor(
    private readonly room: Room,
    start: StartPosition,
    leave: () => void,
  ) {
    super();
    this.#start = start;
    this.#leave = leave;
  }

  override hold(key: string, owner: SelectionOwner): void {
    this.#held = this.room.selections.hold(key, owner);
  }

  override subscribe(key: string, makeRender: () => Render<Message>, sink: Sink, owner: Owner): Subscriber {
    const start = this.#start;
    if (this.#leave === undefined || start === undefined) {
      throw new Error('A RoomSource can be subscribed to only once.');
    }
    this.#start = undefined;
    sink.startsAfter?.(start.cursor);
    return this.room.subscribe(key, makeRender, sink, start, owner);
  }

  override release(): void {
    const leave = this.#leave;
    this.#leave = undefined;
    this.#held?.release();
    this.#held = undefined;
    leave?.();
  }
}
