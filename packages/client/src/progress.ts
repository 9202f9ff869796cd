import { BEGINNING, compareCursors } from './cursor.js';
import type { OnEvent, ResumeEvent, Subject } from './resume-event.js';

type OwnPart<Event> = Event extends unknown ? Omit<Event, keyof Subject> : never;

/** Emits the events of one subscription: each state once, and `live` when the subscription has caught up. */
export class Progress {
  readonly #subject: Subject;
  #onEvent: OnEvent | undefined;
  /** The cursor to reach before the subscription is live. Undefined until it is known. */
  #head: string | undefined;
  #live = false;
  /** Whether the subscription was live before, and is not live again yet. */
  #interrupted = false;
  #missed = 0;

  constructor(subject: Subject, onEvent: OnEvent | undefined) {
    this.#subject = subject;
    this.#onEvent = onEvent;
  }

  connecting(): void {
    this.#emit({ type: 'connecting' });
  }

  interrupted(attempt: number, cause: unknown): void {
    this.#interrupted ||= this.#live;
    this.#live = false;
    this.#head = undefined;
    this.#emit({ type: 'reconnecting', attempt, cause });
  }

  gap(after: string | undefined): void {
    this.#emit({ type: 'gap', after });
  }

  /**
   * Sets the room's head: the subscription is live once its cursor reaches it, or immediately if it is `0`.
   */
  setHead(head: string, cursor?: string): void {
    this.#head = head;
    this.#checkLive(cursor);
  }

  /** A result was delivered, which moved the cursor to this message. */
  delivered(cursor: string | undefined): void {
    if (this.#interrupted) this.#missed += 1;
    this.#checkLive(cursor);
  }

  /** Stops emitting events. */
  end(): void {
    this.#onEvent = undefined;
  }

  #checkLive(cursor: string | undefined): void {
    const head = this.#head;
    if (this.#live || head === undefined) return;
    if (head !== BEGINNING && (cursor === undefined || compareCursors(cursor, head) < 0)) return;
    const missed = this.#missed;
    this.#live = true;
    this.#interrupted = false;
    this.#missed = 0;
    this.#emit({ type: 'live', missed });
  }

  #emit(event: OwnPart<ResumeEvent>): void {
    try {
      this.#onEvent?.({ ...event, ...this.#subject } as ResumeEvent);
    } catch (error) {
      // A bug in the listener. Report it as uncaught, and keep the subscription.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
