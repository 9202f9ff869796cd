import { BEGINNING, compareCursors } from './cursor.js';
import type { OnEvent, ResumeEvent, Subject } from './resume-event.js';

type OwnPart<Event> = Event extends unknown ? Omit<Event, keyof Subject> : never;

/** Tells what happens to one subscription: each state once, and when it has caught up. */
export class Progress {
  /** The room's newest message when it was last asked for; undefined until that is known. */
  #head: string | undefined;
  #live = false;
  /** Whether it was live before, and is not yet again. */
  #interrupted = false;
  #missed = 0;

  constructor(
    private readonly subject: Subject,
    private onEvent: OnEvent | undefined,
  ) {}

  connecting(): void {
    this.#tell({ type: 'connecting' });
  }

  interrupted(attempt: number, cause: unknown): void {
    this.#interrupted ||= this.#live;
    this.#live = false;
    this.#head = undefined;
    this.#tell({ type: 'reconnecting', attempt, cause });
  }

  gap(after: string | undefined): void {
    this.#tell({ type: 'gap', after });
  }

  /** How far it has to come until it is live: to this message, or anywhere where it is `0`. */
  headIs(head: string, cursor?: string): void {
    this.#head = head;
    this.#liveIfThere(cursor);
  }

  /** A result was handed on, and the subscription has come to this message. */
  received(cursor: string | undefined): void {
    if (this.#interrupted) this.#missed += 1;
    this.#liveIfThere(cursor);
  }

  /** Tells nothing more. */
  end(): void {
    this.onEvent = undefined;
  }

  #liveIfThere(cursor: string | undefined): void {
    const head = this.#head;
    if (this.#live || head === undefined) return;
    if (head !== BEGINNING && (cursor === undefined || compareCursors(cursor, head) < 0)) return;
    const missed = this.#missed;
    this.#live = true;
    this.#interrupted = false;
    this.#missed = 0;
    this.#tell({ type: 'live', missed });
  }

  #tell(event: OwnPart<ResumeEvent>): void {
    try {
      this.onEvent?.({ ...event, ...this.subject } as ResumeEvent);
    } catch (error) {
      // A fault of the listener's: it is no reason to end the subscription.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
