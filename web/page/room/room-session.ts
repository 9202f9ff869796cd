/**
 * One room while it is on screen: its subscription, its timeline, the user's pending messages and the state
 * of the connection. React reads snapshots, which are made in batches. Unsent messages outlive it.
 */
import type { ResumeEvent } from 'streamly-chat-client';
import type { ChatClient } from '../chat-client.js';
import { History, MessageAdded } from '../documents.js';
import type { HistoryQuery } from '../generated/graphql.js';
import { Batch } from './batch.js';
import type { Message } from './message.js';
import type { Outbox } from './outbox.js';
import type { Pending } from './pending.js';
import { isPassing, PASSING_MS, type Status, statusAfter } from './status.js';
import { type Line, Timeline } from './timeline.js';

/** The state of a room as it is shown. */
export interface RoomSnapshot {
  lines: readonly Line[];
  pending: readonly Pending[];
  hasOlder: boolean;
  detached: boolean;
  following: boolean;
  unread: number;
  /** When the user last sent a message that was not refused, in milliseconds since 1970. */
  saidAt: number;
  /** Whether a page of history is being read. */
  reading: boolean;
  /** The direction in which reading history failed. It is retried only when the user asks for it. */
  historyFailed: Direction | undefined;
  status: Status;
}

/** Which history to read: before the shown messages, or after them. */
export type Direction = 'older' | 'newer';

/** How many messages to join with, and to read in a page of older history. */
const PAGE = 50;

export class RoomSession {
  readonly #timeline = new Timeline();
  readonly #outbox: Outbox;
  readonly #batch = new Batch(() => this.#publish());
  readonly #listeners = new Set<() => void>();
  readonly #messageListeners = new Set<(message: Message) => void>();
  #status: Status = { state: 'connecting' };
  #passing: ReturnType<typeof setTimeout> | undefined;
  #reading = false;
  #historyFailed: Direction | undefined;
  #snapshot: RoomSnapshot;

  constructor(
    private readonly client: ChatClient,
    readonly roomId: string,
  ) {
    this.#outbox = client.outboxes.of(roomId);
    this.#snapshot = this.#take();
  }

  /** Joins the room. Returns a function that leaves it. */
  open(): () => void {
    const stopListening = this.client.onRoomEvent(this.roomId, (event) => this.#heard(event));
    const detach = this.#outbox.attach({
      newestId: () => this.#timeline.newestId,
      onChange: () => this.#batch.flush(),
    });
    const variables = { roomId: this.roomId, last: PAGE };
    const subscription = this.client.apollo
      .subscribe({ query: MessageAdded, variables, fetchPolicy: 'no-cache' })
      .subscribe({
        next: ({ data, error }) => {
          if (data?.messageAdded) this.#arrived(data.messageAdded);
          else if (error) this.#refused(error);
        },
        error: (error: Error) => this.#refused(error),
      });
    return () => {
      subscription.unsubscribe();
      stopListening();
      detach();
      this.#batch.cancel();
      clearTimeout(this.#passing);
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): RoomSnapshot => this.#snapshot;

  /** Reports each message that arrives by subscription, but not history. */
  onMessage(listener: (message: Message) => void): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  /** Sends a message, and scrolls to the newest messages so that it can be seen. */
  say(author: string, content: string): void {
    this.jumpToNewest();
    this.#outbox.say(author, content);
  }

  retry(nonce: string): void {
    this.#outbox.retry(nonce);
  }

  discard(nonce: string): void {
    this.#outbox.discard(nonce);
  }

  follow(following: boolean): void {
    if (following === this.#timeline.following) return;
    this.#timeline.follow(following);
    this.#batch.flush();
  }

  jumpToNewest(): void {
    this.#timeline.jumpToNewest();
    // There is nothing newer left to read.
    if (this.#historyFailed === 'newer') this.#historyFailed = undefined;
    this.#batch.flush();
  }

  /** Reads the page before the window, unless there is none or another page is being read. */
  async readOlder(): Promise<void> {
    const { hasOlder, oldestShown: before } = this.#timeline;
    if (!hasOlder || (before === undefined && this.#status.state === 'connecting')) return;
    await this.#read('older', { last: PAGE, before }, ({ nodes, pageInfo }) => {
      // Otherwise the window has changed meanwhile, and this is not the page before it.
      if (this.#timeline.oldestShown !== before) return;
      this.#timeline.prepend({ messages: nodes, hasMore: pageInfo.hasPreviousPage });
    });
  }

  /** Reads the page after a detached window. */
  async readNewer(): Promise<void> {
    const { detached, newestShown: after } = this.#timeline;
    if (!detached || this.#reading) return;
    this.#timeline.beginNewer();
    await this.#read('newer', { first: 2 * PAGE, after }, ({ nodes, pageInfo }) => {
      if (this.#timeline.newestShown !== after) return;
      this.#timeline.appendPage({ messages: nodes, hasMore: pageInfo.hasNextPage });
    });
  }

  /** Reads a page unless another one is being read. The view asks again when `reading` ends. */
  async #read(
    direction: Direction,
    window: { first?: number; after?: string; last?: number; before?: string },
    insert: (page: HistoryPage) => void,
  ): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    this.#batch.flush();
    try {
      const variables = { roomId: this.roomId, ...window };
      const { data } = await this.client.apollo.query({ query: History, variables, fetchPolicy: 'no-cache' });
      if (!data) throw new Error('The server gave no answer.');
      this.#historyFailed = undefined;
      insert(data.messages);
    } catch (error) {
      const expired = direction === 'newer' && codeOf(error) === 'CURSOR_EXPIRED';
      if (!expired) this.#historyFailed = direction;
      else if (this.#timeline.newestShown === window.after) this.#timeline.joinWithGap();
    } finally {
      this.#reading = false;
      this.#batch.flush();
    }
  }

  #arrived(message: Message): void {
    this.#timeline.append(message, this.#outbox.arrived(message));
    for (const listener of this.#messageListeners) listener(message);
    this.#batch.schedule();
  }

  #heard(event: ResumeEvent): void {
    if (event.type === 'gap') this.#timeline.markGap();
    this.#setStatus(statusAfter(this.#status, event));
  }

  #refused(error: Error): void {
    this.#setStatus({ state: 'refused', why: error.message });
  }

  #setStatus(status: Status): void {
    clearTimeout(this.#passing);
    this.#status = status;
    if (isPassing(status)) this.#passing = setTimeout(() => this.#setStatus({ state: 'live' }), PASSING_MS);
    this.#batch.flush();
  }

  #publish(): void {
    this.#snapshot = this.#take();
    for (const listener of this.#listeners) listener();
  }

  #take(): RoomSnapshot {
    const { lines, hasOlder, detached, following, unread } = this.#timeline;
    return {
      lines: [...lines],
      pending: this.#outbox.shown,
      hasOlder,
      detached,
      following,
      unread,
      saidAt: this.#outbox.saidAt,
      reading: this.#reading,
      historyFailed: this.#historyFailed,
      status: this.#status,
    };
  }
}

type HistoryPage = HistoryQuery['messages'];

function codeOf(error: unknown): unknown {
  const [first] = (error as { errors?: readonly { extensions?: { code?: unknown } }[] }).errors ?? [];
  return first?.extensions?.code;
}
