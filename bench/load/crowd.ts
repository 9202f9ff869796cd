import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { before } from '../measure/deadline.js';
import { Client } from './client.js';
import { contentOf, indexOf } from './content.js';
import { isFor, type Ledger } from './ledger.js';
import type { Delivery, Join, Protocol } from './protocol.js';

/** One socket in this many is parsed frame by frame; of the others the frames are counted. */
export const SAMPLE_EVERY = 50;
/** Clients that are between their connect and their subscribe at any time. */
const IN_FLIGHT = 200;
/** How often a probe is sent at most, until one has reached every client. */
const PROBES = 24;
const READ_BUFFER_BYTES = 256 * 1024;

export interface CrowdOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly size: number;
  readonly roomId: string;
  /** What client number `index` subscribes to; its content is called `content` where it does not say. */
  operation(index: number): Pick<Join, 'query' | 'variables'> & Partial<Pick<Join, 'contentField'>>;
  /** Connect only: `subscribe()` is called later. */
  readonly hold?: boolean;
  /** Count from the first frame on, and check the sample against this; else everything is read until `count()`. */
  readonly ledger?: Ledger;
}

/** Many clients of one room. First it finds out that all are live, then it counts. */
export class Crowd {
  /** Data frames since counting began, of all clients. */
  delivered = 0;
  /** Why clients were lost, or what they got that was no data; at most ten are kept of `faultCount`. */
  readonly faults: string[] = [];
  faultCount = 0;
  /** Data frames since counting began, of each client. */
  readonly counts: Uint32Array;
  readonly sample: readonly number[];
  readonly #options: CrowdOptions;
  readonly #clients: Client[] = [];
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #ledger: Ledger | undefined;
  #counting: boolean;
  #closing = false;
  #gone = 0;
  #target = Number.POSITIVE_INFINITY;
  #onTarget: (reached: boolean) => void = () => undefined;
  #probe = -1;
  /** The clients that the current probe has not reached. */
  readonly #behind = new Set<Client>();
  #onReady: () => void = () => undefined;
  #onFault: (reason: string) => void = () => undefined;
  #onProbe: () => void = () => undefined;

  private constructor(options: CrowdOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#counting = options.ledger !== undefined;
    this.counts = new Uint32Array(options.size);
    this.sample = Array.from({ length: Math.ceil(options.size / SAMPLE_EVERY) }, (_, n) => n * SAMPLE_EVERY);
  }

  /** Connects and subscribes every client. Resolves once each one's subscribe has been written. */
  static async open(options: CrowdOptions, limitMs: number): Promise<Crowd> {
    const crowd = new Crowd(options);
    try {
      await before(limitMs, `${options.size} clients to connect`, crowd.#open());
      return crowd;
    } catch (error) {
      crowd.close();
      throw error;
    }
  }

  /** Subscribes the clients of a crowd that was opened with `hold`. */
  subscribe(): void {
    for (const [index, client] of this.#clients.entries()) this.#subscribe(index, client);
  }

  /** Sends probes until one has reached every client: from then on all are live, and no older probe is on its way. */
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

  /** From here on data is counted; the sample is checked against the ledger. */
  count(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#counting = true;
    this.delivered = 0;
    this.counts.fill(0);
    for (const [index, client] of this.#clients.entries()) client.reads = this.#reads(index);
  }

  /** Whether `total` data frames were counted within the limit, and before every client was lost. */
  async until(total: number, limitMs: number): Promise<boolean> {
    if (this.delivered >= total) return true;
    if (this.#gone === this.#clients.length) return false;
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

  /** Whether every client counted exactly this many data frames. */
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
    const join: Join = { roomId, operationId: randomUUID(), contentField: 'content', ...operation };
    const client = new Client(
      { host, port, protocol, join, buffer: this.#buffer },
      {
        ready: () => {
          if (!hold) this.#subscribe(index, client);
          this.#onReady();
        },
        counted: () => this.#counted(index),
        read: (delivery, text) => this.#read(index, client, delivery, text),
        unexpected: (text) => this.#fault(`unexpected: ${text}`),
        gone: (reason) => {
          if (this.#closing) return;
          this.#gone += 1;
          this.#fault(reason);
          if (this.#gone === size) this.#onTarget(false);
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
      this.#ledger?.received(index, client.join, delivery, text, performance.now());
      this.#counted(index);
    } else if (!delivery || !isFor(delivery, client.join)) {
      this.#fault(`no data: ${text}`);
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
