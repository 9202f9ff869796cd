import type { RoomEvent } from '#domain/entry.js';
import { type FrameBudget, FrameCache } from './frame-cache.js';
import type { Render } from './framing.js';

/** Delivered in place of an event that could not be rendered, so that later events are not blocked. */
const FAILED = Buffer.from(
  JSON.stringify({
    errors: [
      { message: 'Something went wrong on the server.', extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ],
  }),
);

/** Settings and dependencies of `RenderedEvents`. */
export interface RenderedEventsOptions {
  /** Maximum rendered events to cache. */
  capacity: number;
  /** The memory budget that all projections of the node share. */
  budget: FrameBudget;
  render: Render<RoomEvent>;
  /** Called if rendering fails. An error then replaces the event. */
  onFault(error: unknown): void;
}

/** The events of one projection, each rendered once and cached by its position in the log. */
export class RenderedEvents {
  readonly #frames: FrameCache;
  /** Whether rendering waits for data, which may include other messages, such as the last one of the room. */
  #readsMore = false;

  constructor(private readonly options: RenderedEventsOptions) {
    this.#frames = new FrameCache(options.capacity, options.budget);
  }

  /** The rendered event at a position, or the promise of it. */
  at(position: number, event: RoomEvent): Buffer | Promise<Buffer> {
    const kept = this.#frames.get(position);
    if (kept !== undefined) return kept;
    const payload = this.render(event);
    this.#frames.set(position, payload);
    if (!Buffer.isBuffer(payload)) {
      payload.then((bytes) => {
        // Skip this if the cache has dropped the frame in the meantime.
        if (this.#frames.get(position) === payload) this.#frames.set(position, bytes);
      }, this.options.onFault);
    }
    return payload;
  }

  /** Renders an event without caching it. Never throws or rejects. */
  render(event: RoomEvent): Buffer | Promise<Buffer> {
    const failed = (error: unknown) => {
      this.options.onFault(error);
      return FAILED;
    };
    try {
      const payload = this.options.render(event);
      if (Buffer.isBuffer(payload)) return payload;
      this.#readsMore = true;
      return payload.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Drops what was made from the messages at these positions, and everything before `oldest`. */
  drop(positions: readonly number[], oldest: number): void {
    if (this.#readsMore) this.#frames.clear();
    else this.#frames.drop(positions, oldest);
  }

  /** Drops everything. */
  clear(): void {
    this.#frames.clear();
  }
}
