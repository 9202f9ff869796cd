import type { UnreadBacklogs } from '#domain/ports/machine.js';

/** Limits on what clients have not read yet. 0 means no limit. */
export interface UnreadBytesLimits {
  perAddress: number;
  inAll: number;
}

/** A connection that was written to. */
export interface Outgoing {
  /** The client's network address. */
  readonly address: string;
  /** Bytes that the operating system has not taken yet. 0 if the connection is closed. */
  readonly unreadBytes: number;
  /** Closes the connection without a close frame, which would not be read either. */
  terminate(): void;
}

/** How often the counts are refreshed, in milliseconds. */
const REFRESH_MS = 1_000;

/** Connections are closed until usage falls to this share of the limit, so that the next write does not search again. */
const RELIEF = 0.9;

/**
 * Limits how many bytes the clients of one address, and all clients of this node, leave unread. If they leave more,
 * connections are closed: first those of the address with most unread bytes, and of these the one with most.
 *
 * Only connections with unread bytes are kept here. A client that reads costs nothing.
 */
export class UnreadBytes implements UnreadBacklogs {
  readonly #byAddress = new Map<string, Backlog>();
  #inAll = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: UnreadBytesLimits,
    /** Called for each connection that is closed. */
    private readonly onTerminated: () => void,
  ) {}

  /** All bytes that were unread when their connections were last looked at. */
  get bytes(): number {
    return this.#inAll;
  }

  /** Looks at a connection again. Call it after each write that the operating system did not take as a whole. */
  look(outgoing: Outgoing): void {
    const { perAddress, inAll } = this.limits;
    if (perAddress === 0 && inAll === 0) return;
    const backlog = this.#backlogOf(outgoing.address);
    this.#update(backlog, () => backlog.look(outgoing));
    if (perAddress > 0 && backlog.bytes > perAddress) {
      this.#refresh(backlog);
      if (backlog.bytes > perAddress) this.#relieve([backlog], () => backlog.bytes > RELIEF * perAddress);
    }
    if (inAll > 0 && this.#inAll > inAll) {
      this.#refreshAll();
      if (this.#inAll <= inAll) return;
      const largestFirst = [...this.#byAddress.values()].sort((a, b) => b.bytes - a.bytes);
      this.#relieve(largestFirst, () => this.#inAll > RELIEF * inAll);
    }
  }

  atLeast(bytes: number): [address: string, bytes: number][] {
    // Usually there is too little for any address to have so much.
    if (this.#inAll < bytes) return [];
    const large = [...this.#byAddress.values()].filter((backlog) => backlog.bytes >= bytes);
    return large.map((backlog) => [backlog.address, backlog.bytes]);
  }

  relieve(address: string, bytes: number): void {
    const backlog = this.#byAddress.get(address);
    if (backlog === undefined) return;
    this.#refresh(backlog);
    this.#relieve([backlog], () => backlog.bytes > bytes);
  }

  /** Closes a connection that has left too much unread by itself. */
  terminate(outgoing: Outgoing): void {
    const backlog = this.#byAddress.get(outgoing.address);
    if (backlog !== undefined) this.#update(backlog, () => backlog.forget(outgoing));
    outgoing.terminate();
    this.onTerminated();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #backlogOf(address: string): Backlog {
    let backlog = this.#byAddress.get(address);
    if (backlog === undefined) {
      backlog = new Backlog(address);
      this.#byAddress.set(address, backlog);
      this.#timer ??= setInterval(() => this.#refreshAll(), REFRESH_MS).unref();
    }
    return backlog;
  }

  #refresh(backlog: Backlog): void {
    this.#update(backlog, () => backlog.refresh());
  }

  #refreshAll(): void {
    for (const backlog of this.#byAddress.values()) {
      this.#refresh(backlog);
      if (backlog.bytes === 0) this.#byAddress.delete(backlog.address);
    }
    if (this.#byAddress.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #relieve(backlogs: readonly Backlog[], isOver: () => boolean): void {
    for (const backlog of backlogs) {
      for (const outgoing of backlog.largestFirst()) {
        if (!isOver()) return;
        this.terminate(outgoing);
      }
    }
  }

  #update(backlog: Backlog, change: () => void): void {
    const before = backlog.bytes;
    change();
    this.#inAll += backlog.bytes - before;
  }
}

/** What the clients of one address have not read. */
class Backlog {
  bytes = 0;
  /** By connection. */
  readonly #unread = new Map<Outgoing, number>();

  constructor(readonly address: string) {}

  look(outgoing: Outgoing): void {
    const { unreadBytes } = outgoing;
    this.bytes += unreadBytes - (this.#unread.get(outgoing) ?? 0);
    if (unreadBytes > 0) this.#unread.set(outgoing, unreadBytes);
    else this.#unread.delete(outgoing);
  }

  refresh(): void {
    for (const outgoing of this.#unread.keys()) this.look(outgoing);
  }

  forget(outgoing: Outgoing): void {
    this.bytes -= this.#unread.get(outgoing) ?? 0;
    this.#unread.delete(outgoing);
  }

  largestFirst(): Outgoing[] {
    return [...this.#unread].sort(([, a], [, b]) => b - a).map(([outgoing]) => outgoing);
  }
}
