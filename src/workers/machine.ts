/** The other processes of the machine, as a worker sees them: through the primary process. */
import type { Config } from '#config/config.js';
import type { AddressCount, Counted, Machine, UnreadBacklogs } from '#domain/ports/machine.js';
import type { Channel, FromPrimary } from './messages.js';
import { Pending } from './pending.js';
import { reportedFrom } from './unread-totals.js';

/** How long the primary process may take to count a connection, in milliseconds. After that, it is refused. */
const TAKE_MS = 2_000;

/** How long it may take to collect the metrics of all workers. Longer than it waits for each of them. */
const SCRAPE_MS = 3_000;

/** Milliseconds between two reports of what clients have not read. While nobody has left much unread, none are sent. */
const REPORT_MS = 100;

export class WorkerMachine implements Machine {
  readonly connections: AddressCount | undefined;
  readonly #takes = new Pending<boolean>();
  readonly #scrapes = new Pending<string>();
  readonly #reportedFrom: number;
  #metrics: () => Promise<string> = () => Promise.resolve('');
  #backlogs: UnreadBacklogs | undefined;
  #hasReported = false;
  #reports: NodeJS.Timeout | undefined;

  constructor(
    private readonly channel: Channel,
    { workers, protection }: Config,
  ) {
    const { connectionsPerAddress, unread } = protection;
    this.connections = connectionsPerAddress > 0 ? { take: (address) => this.#take(address) } : undefined;
    this.#reportedFrom = reportedFrom(unread.perAddress, workers);
    channel.listen((message) => this.#receive(message));
  }

  watchUnread(backlogs: UnreadBacklogs): void {
    if (this.#reportedFrom === 0) return;
    this.#backlogs = backlogs;
    this.#reports = setInterval(() => this.#report(backlogs), REPORT_MS).unref();
  }

  offerMetrics(text: () => Promise<string>): void {
    this.#metrics = text;
  }

  async metrics(): Promise<string> {
    const text = await this.#scrapes.ask(SCRAPE_MS, (id) => this.channel.send({ type: 'scrape', id }));
    if (text === undefined) throw new Error('The primary process did not collect the metrics in time.');
    return text;
  }

  /** Stops reporting. Safe to call twice. */
  close(): void {
    clearInterval(this.#reports);
  }

  async #take(address: string): Promise<Counted> {
    const admitted = await this.#takes.ask(TAKE_MS, (id) => this.channel.send({ type: 'take', id, address }));
    if (admitted === undefined) return 'unknown';
    if (!admitted) return 'full';
    let isHeld = true;
    return () => {
      if (isHeld) this.channel.send({ type: 'give', address });
      isHeld = false;
    };
  }

  #report(backlogs: UnreadBacklogs): void {
    const large = backlogs.atLeast(this.#reportedFrom);
    // The last report says that nobody has much left.
    if (large.length > 0 || this.#hasReported) this.channel.send({ type: 'unread', backlogs: large });
    this.#hasReported = large.length > 0;
  }

  #receive(message: FromPrimary): void {
    switch (message.type) {
      case 'taken': {
        const { id, address, admitted } = message;
        const isAwaited = this.#takes.answer(id, admitted);
        // It was refused, since this comes too late.
        if (admitted && !isAwaited) this.channel.send({ type: 'give', address });
        return;
      }
      case 'relieve':
        this.#backlogs?.relieve(message.address, message.bytes);
        return;
      case 'measure':
        void this.#measure(message.id);
        return;
      case 'scraped':
        this.#scrapes.answer(message.id, message.text);
        return;
      case 'ping':
        this.channel.send({ type: 'pong' });
    }
  }

  async #measure(id: number): Promise<void> {
    // Without an answer, the primary process says that this worker is not up.
    const text = await this.#metrics().catch(() => undefined);
    if (text !== undefined) this.channel.send({ type: 'measured', id, text });
  }
}
