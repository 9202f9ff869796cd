import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { withDeadline } from '../measure/deadline.js';
import { Client } from './client.js';
import { contentOf, indexOf } from './content.js';
import { isFor, type Ledger } from './ledger.js';
import type { Delivery, Protocol, Subscription } from './protocol.js';

/** Every n-th socket is parsed frame by frame. For the others, frames are only counted. */
export const SAMPLE_EVERY = 50;
/** The maximum number of clients that are connecting at the same time. */
const IN_FLIGHT = 200;
/** The maximum number of probe messages to send before giving up. */
const PROBES = 24;
const READ_BUFFER_BYTES = 256 * 1024;

export interface ClientGroupOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly size: number;
  readonly roomId: string;
  /** What client number `index` subscribes to. `contentField` defaults to `content`. */
  operation(
    index: number,
  ): Pick<Subscription, 'query' | 'variables'> & Partial<Pick<Subscription, 'contentField'>>;
  /** If true, clients only connect, and subscribe when `subscribe()` is called. */
  readonly hold?: boolean;
  /**
   * Count from the first frame and record the sample here. If not set, all frames are read until `count()` is
   * called.
   */
  readonly ledger?: Ledger;
}

/** Many clients in one room. `becomeLive` makes sure that all are live, then `count` starts counting. */
export class ClientGroup {
  /** Data frames since counting started, over all clients. */
  delivered = 0;
  /** The first ten of `faultCount` faults: reasons for lost connections, and unexpected frames. */
  readonly faults: string[] = [];
  faultCount = 0;
  /** Data frames since counting started, per client. */
  readonly counts: Uint32Array;
  readonly sample: readonly number[];
  readonly #options: ClientGroupOptions;
  readonly #clients: Client[] = [];
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #ledger: Ledger | undefined;
  #counting: boolean;
  #closing = false;
  #closedCount = 0;
  #target = Number.POSITIVE_INFINITY;
  #onTarget: (reached: boolean) => void = () => undefined;
  #probe = -1;
  /** Clients that the current probe has not reached yet. */
  readonly #behind = new Set<Client>();
  #onReady: () => void = () => undefined;
  #onFault: (reason: string) => void = () => undefined;
  #onProbe: () => void = () => undefined;

  private constructor(options: ClientGroupOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#counting = options.ledger !== undefined;
    this.counts = new Uint32Array(options.size);
    this.sample = Array.from({ length: Math.ceil(options.size / SAMPLE_EVERY) }, (_, n) => n * SAMPLE_EVERY);
  }

  /** Connects and subscribes every client. Resolves when the last subscribe message has been written. */
  static async open(options: ClientGroupOptions, limitMs: number): Promise<ClientGroup> {
    const group = new ClientGroup(options);
    try {
      await withDeadline(limitMs, `${options.size} clients to connect`, group.#open());
      return group;
    } catch (error) {
      group.close();
      throw error;
    }
  }

  /** Subscribes all clients. Call it if the group was opened with `hold`. */
  subscribe(): void {
    for (const [index, client] of this.#clients.entries()) this.#subscribe(index, client);
  }

  /** Sends probes until one has reached every client. Then all are live, and no older probe is in flight. */
  async becomeLive(send: (content: string) => Promise<unknown>, limitMs: number): Promise<void> {
    for (let attempt = 0; attempt < PROBES; attempt += 1) {
      this.#probe += 1;
      for (const client of this.#clients) this.#behind.add(client);
      const over = new Promise<boolean>((resolve) => {
        this.#onProbe = () => resolve(true);
        this.#onFault = () => resolve(true);
      });
      await send(contentOf(this.#probe, 'probe'));
      const isOver = await Promise.race([over, delay(limitMs / PROBES, false, { ref: false })]);
      if (this.faultCount > 0) throw new Error(`A client could not subscribe: ${this.faults[0]}`);
      if (isOver) return;
    }
    throw new Error(
      `${this.#behind.size} of ${this.#clients.length} clients did not become live in ${limitMs} ms.`,
    );
  }

  /** Starts counting from zero and records the sample in the ledger. */
  count(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#counting = true;
    this.delivered = 0;
    this.counts.fill(0);
    for (const [index, client] of this.#clients.entries()) client.reads = this.#reads(index);
  }

  /**
   * Waits for `total` data frames. Resolves to false if the time runs out or every client has disconnected.
   */
  async until(total: number, limitMs: number): Promise<boolean> {
    if (this.delivered >= total) return true;
    if (this.#closedCount === this.#clients.length) return false;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#onTarget(false), limitMs);
      this.#target = total;
      this.#onTarget = (reached) => {
        clearTimeout(timer);
        this.#target = Number.POSITIVE_INFINITY;
        this.#onTarget = () => undefined;
        resolve(reached);
      };
    });
  }

  /** Whether every client received exactly this many data frames. */
  eachGot(count: number): boolean {
    return this.counts.every((got) => got === count);
  }

  close(): void {
    this.#closing = true;
    for (const client of this.#clients) client.close();
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = 0;
      this.#onFault = (reason) => reject(new Error(`A client could not join: ${reason}`));
      this.#onReady = () => {
        ready += 1;
        if (this.#clients.length < this.#options.size) this.#add();
        else if (ready === this.#options.size) {
          this.#onFault = () => undefined;
          resolve();
        }
      };
      while (this.#clients.length < Math.min(IN_FLIGHT, this.#options.size)) this.#add();
    });
  }

  #add(): void {
    const { host, port, protocol, roomId, hold, size } = this.#options;
    const index = this.#clients.length;
    const operation = this.#options.operation(index);
    const subscription: Subscription = {
      roomId,
      operationId: randomUUID(),
      contentField: 'content',
      ...operation,
    };
    const client = new Client(
      { host, port, protocol, subscription, buffer: this.#buffer },
      {
        ready: () => {
          if (!hold) this.#subscribe(index, client);
          this.#onReady();
        },
        counted: () => this.#counted(index),
        read: (delivery, text) => this.#read(index, client, delivery, text),
        unexpected: (text) => this.#fault(`unexpected: ${text}`),
        closed: (reason) => {
          if (this.#closing) return;
          this.#closedCount += 1;
          this.#fault(reason);
          if (this.#closedCount === size) this.#onTarget(false);
        },
      },
    );
    this.#clients.push(client);
  }

  #subscribe(index: number, client: Client): void {
    client.reads = this.#reads(index);
    client.subscribe();
  }

  #reads(index: number): boolean {
    return !this.#counting || index % SAMPLE_EVERY === 0;
  }

  #read(index: number, client: Client, delivery: Delivery | undefined, text: string): void {
    if (this.#counting) {
      this.#ledger?.received(index, client.subscription, delivery, text, performance.now());
      this.#counted(index);
    } else if (!delivery || !isFor(delivery, client.subscription)) {
      this.#fault(`not a message: ${text}`);
    } else if (indexOf(delivery.content, 'probe') === this.#probe) {
      this.#behind.delete(client);
      if (this.#behind.size === 0) this.#onProbe();
    }
  }

  #counted(index: number): void {
    this.counts[index]! += 1;
    this.delivered += 1;
    if (this.delivered === this.#target) this.#onTarget(true);
  }

  #fault(reason: string): void {
    this.faultCount += 1;
    if (this.faults.length < 10) this.faults.push(reason.slice(0, 300));
    this.#onFault(reason);
  }
}
