import { ClientViewer } from '../../test/support/client-viewer.js';
import { Member } from '../../test/support/crowd.js';
import { EventStreamViewer } from '../../test/support/event-stream-viewer.js';
import { GAP } from '../../test/support/ledger.js';
import type { MessageSender } from '../../test/support/sender.js';
import type { CountedViewer, Site } from '../../test/support/site.js';
import { Visitor } from './visitor.js';

/** Messages per second, by room. */
const ROOMS: Readonly<Record<string, number>> = { lively: 150, busy: 40, quiet: 2 };

/** Viewers per room that use plain graphql-ws. */
const PLAIN_VIEWERS = 8;
/** Viewers per room that use streamly-chat-client. */
const RESUMING_VIEWERS = 3;
/** Viewers per room that use server-sent events. */
const EVENT_STREAMS = 3;
/** Viewers per room that sometimes stop reading, get disconnected, and resume. */
const PAUSING_VIEWERS = 3;
/** Clients that keep switching rooms. */
const VISITORS = 4;

/** How often the pausing viewers decide what to do, in milliseconds. */
const TURN_MS = 250;

/** All senders, viewers and visitors of a soak test. */
export class Load {
  readonly rooms = Object.keys(ROOMS);
  readonly senders: MessageSender[] = [];
  readonly visitors: Visitor[] = [];
  readonly #droppable: { drop(): void }[] = [];
  readonly #pausing: Member[] = [];
  readonly #timer: NodeJS.Timeout;
  #isSettling = false;

  constructor(
    private readonly site: Site,
    private readonly random: () => number,
  ) {
    for (const roomId of this.rooms) this.#fill(roomId);
    for (let n = 0; n < VISITORS; n += 1) {
      this.visitors.push(new Visitor(() => site.node(n), this.rooms, random));
    }
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** The number of viewers in each room. */
  get perRoom(): number {
    return PLAIN_VIEWERS + RESUMING_VIEWERS + EVENT_STREAMS + PAUSING_VIEWERS;
  }

  startSending(): void {
    for (const sender of this.senders) sender.start(ROOMS[sender.roomId]!);
  }

  dropAll(): void {
    for (const viewer of this.#droppable) viewer.drop();
  }

  /**
   * Stops sending, querying and pausing. Resolves when every message has been accepted. Pausing viewers keep
   * resuming, because the last fault may still end their subscriptions.
   */
  async settle(): Promise<void> {
    await Promise.all([...this.senders, ...this.visitors].map((client) => client.stop()));
    this.#isSettling = true;
  }

  /** Stops reconnecting the pausing viewers. */
  close(): void {
    clearInterval(this.#timer);
  }

  #fill(roomId: string): void {
    const { site } = this;
    const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
    let turn = 0;
    const server = () => site.node(turn++);
    const onMessage = (viewer: { drop(): void }) => {
      if (this.random() < 0.0005) viewer.drop();
    };
    const add = <T extends CountedViewer & { drop(): void }>(viewer: T): T => {
      this.#droppable.push(viewer);
      return site.add(viewer);
    };
    for (const _ of numbers(PLAIN_VIEWERS))
      this.#droppable.push(site.viewer(roomId, { onMessage, pingMs: 2_000 }));
    for (const n of numbers(RESUMING_VIEWERS))
      add(new ClientViewer(`client ${n}`, roomId, server, onMessage));
    for (const n of numbers(EVENT_STREAMS)) add(new EventStreamViewer(`event stream ${n}`, roomId, server));
    for (const n of numbers(PAUSING_VIEWERS))
      this.#pausing.push(add(new Member(`pausing ${n}`, roomId, server)));
    this.senders.push(site.sender(roomId));
  }

  #turn(): void {
    for (const viewer of this.#pausing) {
      if (this.#isSettling) viewer.resume();
      else if (this.random() < 0.02) viewer.pause();
      else if (this.random() < 0.1) viewer.resume();
      void this.#reconnect(viewer);
    }
  }

  /** Reconnects a viewer if its connection or subscription has ended. */
  async #reconnect(viewer: Member): Promise<void> {
    const errors = viewer.unexpected.splice(0);
    if (errors.some((text) => text.includes('CURSOR_EXPIRED'))) viewer.received.push(GAP);
    if (errors.length > 0) viewer.drop();
    if (!viewer.connected) await viewer.join();
  }
}
