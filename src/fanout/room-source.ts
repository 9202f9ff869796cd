import type { RoomEvent } from '#domain/entry.js';
import type { Message } from '#domain/message.js';
import { type Owner, SharedSource } from '#fanout/delivery/shared-source.js';
import type { Sink } from '#fanout/delivery/sink.js';
import type { StartPosition, Subscriber } from '#fanout/delivery/subscriber.js';
import type { Delivered } from '#fanout/projection/delivered.js';
import type { Render } from '#fanout/projection/framing.js';
import type { HeldSelection, SelectionClient, SelectionHolder } from '#fanout/projection/selection-limit.js';
import type { Room } from './room.js';

/** A room that is open on this node, or being opened. */
export interface OpenRoom {
  readonly room: Room;
  readonly opened: Promise<void>;
  /** Sources that are open or about to be opened. */
  holders: number;
}

/** The source of one subscription to a room. There may be thousands, so they share what `onRelease` does. */
export class RoomSource<Event extends RoomEvent = Message>
  extends SharedSource<Event>
  implements SelectionHolder
{
  address = '';
  #open: OpenRoom | undefined;
  #start: StartPosition | undefined;
  #held: HeldSelection | undefined;

  constructor(
    open: OpenRoom,
    start: StartPosition,
    private readonly delivers: Delivered,
    readonly connectionId: string,
    /** Called once, when the source is released. */
    private readonly onRelease: (open: OpenRoom, connectionId: string) => void,
  ) {
    super();
    this.#open = open;
    this.#start = start;
  }

  override hold(key: string, { address }: SelectionClient): void {
    this.address = address;
    this.#held = this.#open?.room.selections.hold(key, this);
  }

  override subscribe(key: string, makeRender: () => Render<Event>, sink: Sink, owner: Owner): Subscriber {
    const start = this.#start;
    if (this.#open === undefined || start === undefined) {
      throw new Error('A RoomSource can be subscribed to only once.');
    }
    this.#start = undefined;
    sink.startsAfter?.(start.cursor);
    // The room calls it only with the events that it delivers.
    const make = makeRender as () => Render<RoomEvent>;
    return this.#open.room.subscribe(this.delivers, key, make, sink, start, owner);
  }

  override release(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#held?.release(this);
    this.#held = undefined;
    this.onRelease(open, this.connectionId);
  }
}
