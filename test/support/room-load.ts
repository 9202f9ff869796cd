import type { Counts } from './ledger.js';
import { Ledger } from './ledger.js';
import type { ResumingViewer } from './resuming-viewer.js';
import type { MessageSender } from './sender.js';
import type { Site } from './site.js';
import { until } from './until.js';

/** Messages of a room that may wait for their answer, and are repeated until then. More would be a load of its own. */
const WINDOW = 4;

export interface RoomLoadOptions {
  /** Messages per second in each room. */
  perSecond: number;
  /** Viewers of each room that follow it from its beginning. Defaults to 1. */
  viewers?: number;
}

/** A sender and viewers in each of many rooms. What happens in some of the rooms can be told from the others. */
export class RoomLoad {
  readonly senders = new Map<string, MessageSender>();
  readonly viewers: ResumingViewer[] = [];

  constructor(
    private readonly site: Site,
    readonly roomIds: readonly string[],
    private readonly options: RoomLoadOptions,
  ) {
    for (const [index, roomId] of roomIds.entries()) {
      this.senders.set(roomId, site.sender(roomId, { window: WINDOW }));
      for (let n = 0; n < (options.viewers ?? 1); n += 1) {
        // Each stays on its node: another one may notice a loss later, and report it again.
        const server = () => site.node(index + n);
        this.viewers.push(site.viewer(roomId, { server }));
      }
    }
  }

  start(): void {
    for (const sender of this.senders.values()) sender.start(this.options.perSecond);
  }

  /** Stops sending. Resolves when all messages are accepted. */
  async stop(): Promise<void> {
    await Promise.all([...this.senders.values()].map((sender) => sender.stop()));
  }

  /** Waits until `count` more messages were accepted in each of these rooms. */
  async untilAccepted(count: number, roomIds = this.roomIds): Promise<void> {
    const senders = this.#sendersOf(roomIds);
    const before = senders.map(({ total }) => total);
    await until(() => senders.every(({ total }, index) => total >= before[index]! + count), {
      what: `${count} more messages in each of ${roomIds.length} rooms`,
      timeout: 40_000,
    });
  }

  /** The longest that a message in these rooms took from its first attempt to its acceptance, in milliseconds. */
  longestWaitMs(roomIds = this.roomIds): number {
    return Math.round(Math.max(...this.#sendersOf(roomIds).map(({ longestWaitMs }) => longestWaitMs)));
  }

  /** Forgets waits and refusals so far. */
  measureAnew(): void {
    for (const sender of this.senders.values()) {
      sender.longestWaitMs = 0;
      sender.refusals.clear();
    }
    for (const { refusals } of this.viewers) refusals.clear();
  }

  /** What senders and viewers of these rooms were refused, by code. */
  refusals(roomIds = this.roomIds): Record<string, number> {
    const viewers = this.viewers.filter(({ roomId }) => roomIds.includes(roomId));
    const sum: Record<string, number> = {};
    for (const { refusals } of [...this.#sendersOf(roomIds), ...viewers]) {
      for (const [code, times] of refusals) sum[code] = (sum[code] ?? 0) + times;
    }
    return sum;
  }

  /** Sends one more message to each room, waits until every viewer has it, and counts over all rooms. */
  async count(): Promise<Counts & { gaps: number }> {
    const ledgers = this.roomIds.map(() => new Ledger());
    const counts = await Promise.all(
      this.roomIds.map((roomId, index) => this.site.count(roomId, ledgers[index])),
    );
    const sum = { sent: 0, received: 0, lost: 0, duplicated: 0, outOfOrder: 0, unknown: 0 };
    for (const each of counts)
      for (const what of Object.keys(sum) as (keyof Counts)[]) sum[what] += each[what];
    return { ...sum, gaps: ledgers.reduce((all, { gaps }) => all + gaps, 0) };
  }

  #sendersOf(roomIds: readonly string[]): MessageSender[] {
    return roomIds.map((roomId) => this.senders.get(roomId)!);
  }
}
