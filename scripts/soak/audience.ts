import { ClientViewer } from '../../test/support/client-viewer.js';
import { Member } from '../../test/support/crowd.js';
import { EventStreamViewer } from '../../test/support/event-stream-viewer.js';
import type { Counted, Site } from '../../test/support/site.js';
import type { Talker } from '../../test/support/talker.js';
import { TOLD_OF_A_GAP } from '../../test/support/tally.js';
import { Wanderer } from './wanderer.js';

/** Messages a second, by room. */
const ROOMS: Readonly<Record<string, number>> = { lively: 150, busy: 40, quiet: 2 };

/** In each room: over graphql-ws as it is, by streamly-chat/client, by server-sent events. */
const VIEWERS = 8;
const CLIENTS = 3;
const EVENT_STREAMS = 3;
/** In each room: viewers that stop reading now and then, until they are ended and come back. */
const SLEEPERS = 3;
const WANDERERS = 4;

/** How often each of these looks after itself, in milliseconds. */
const TURN_MS = 250;

/** Everyone who is there during a soak. */
export class Audience {
  readonly rooms = Object.keys(ROOMS);
  readonly talkers: Talker[] = [];
  readonly wanderers: Wanderer[] = [];
  readonly #droppable: { drop(): void }[] = [];
  readonly #sleepers: Member[] = [];
  readonly #timer: NodeJS.Timeout;
  #isSettling = false;

  constructor(
    private readonly site: Site,
    private readonly random: () => number,
  ) {
    for (const roomId of this.rooms) this.#fill(roomId);
    for (let n = 0; n < WANDERERS; n += 1) {
      this.wanderers.push(new Wanderer(() => site.node(n), this.rooms, random));
    }
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** Viewers of one room. */
  get perRoom(): number {
    return VIEWERS + CLIENTS + EVENT_STREAMS + SLEEPERS;
  }

  talk(): void {
    for (const talker of this.talkers) talker.talk(ROOMS[talker.roomId]!);
  }

  dropAll(): void {
    for (const viewer of this.#droppable) viewer.drop();
  }

  /**
   * Nobody says, drops or asks anything any more; resolves once all that was sent is accepted. Sleepers stay
   * awake, and come back where the last fault still ends their subscriptions.
   */
  async settle(): Promise<void> {
    await Promise.all([...this.talkers, ...this.wanderers].map((someone) => someone.hush()));
    this.#isSettling = true;
  }

  /** Nobody is looked after any more. */
  close(): void {
    clearInterval(this.#timer);
  }

  #fill(roomId: string): void {
    const { site } = this;
    const number = (count: number) => Array.from({ length: count }, (_, n) => n);
    let turn = 0;
    const server = () => site.node(turn++);
    const onMessage = (viewer: { drop(): void }) => {
      if (this.random() < 0.0005) viewer.drop();
    };
    const add = <T extends Counted & { drop(): void }>(viewer: T): T => {
      this.#droppable.push(viewer);
      return site.counts(viewer);
    };
    for (const _ of number(VIEWERS)) this.#droppable.push(site.viewer(roomId, { onMessage, pingMs: 2_000 }));
    for (const n of number(CLIENTS)) add(new ClientViewer(`client ${n}`, roomId, server, onMessage));
    for (const n of number(EVENT_STREAMS)) add(new EventStreamViewer(`event stream ${n}`, roomId, server));
    for (const n of number(SLEEPERS)) this.#sleepers.push(add(new Member(`sleeper ${n}`, roomId, server)));
    this.talkers.push(site.talker(roomId));
  }

  #turn(): void {
    for (const sleeper of this.#sleepers) {
      if (this.#isSettling) sleeper.resume();
      else if (this.random() < 0.02) sleeper.pause();
      else if (this.random() < 0.1) sleeper.resume();
      void this.#lookAfter(sleeper);
    }
  }

  /** Has a sleeper come back, whose connection or subscription has ended. */
  async #lookAfter(sleeper: Member): Promise<void> {
    const told = sleeper.told.splice(0);
    if (told.some((text) => text.includes('CURSOR_EXPIRED'))) sleeper.received.push(TOLD_OF_A_GAP);
    if (told.length > 0) sleeper.drop();
    if (!sleeper.connected) await sleeper.join();
  }
}
