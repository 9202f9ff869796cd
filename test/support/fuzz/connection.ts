import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Attempt } from './campaign.js';
import type { Pulse } from './pulse.js';
import type { Seeded } from './seeded.js';

/** How much of what it is sent a client reads. */
type Reading = 'all' | 'later' | 'some' | 'nothing';

/** The bytes of a match may be spread over two reads. */
const OVERLAP = 64;

/** After so many beats of the server without an answer, no more will come. */
const QUIET_BEATS = 4;

/** A pattern to look for in what arrives, and what to call for each match. */
export interface Watched {
  pattern: RegExp;
  found(match: RegExpExecArray): void;
}

/** A client that sends bytes as it likes, reads as much as it likes, and leaves as it likes. */
export class FuzzConnection {
  /** Whether either side has ended the connection. */
  isClosed = false;
  /** Whether the client will read everything. Otherwise it is no use to wait for answers. */
  readonly readsAll: boolean;
  readonly #closed: Promise<void>;
  readonly #reading: Reading;
  #unreadAfter: number;
  #tail = '';
  #arrivedAt = 0;

  private constructor(
    private readonly socket: Socket,
    private readonly random: Seeded,
    private readonly watched: readonly Watched[],
    private readonly pulse: Pulse,
  ) {
    this.#reading = random.choose<Reading>(
      [86, () => 'all'],
      [5, () => 'later'],
      [5, () => 'some'],
      [4, () => 'nothing'],
    );
    this.readsAll = this.#reading === 'all' || this.#reading === 'later';
    this.#unreadAfter = this.#reading === 'some' ? random.below(2_000) : Number.POSITIVE_INFINITY;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    // 'close' follows.
    socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  /** Connects. Rejects if the server does not accept the connection. */
  static async open(
    { server, random, pulse }: Pick<Attempt, 'server' | 'random' | 'pulse'>,
    watched: readonly Watched[],
  ): Promise<FuzzConnection> {
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const connection = new FuzzConnection(socket, random, watched, pulse);
    if (connection.#reading === 'later' || connection.#reading === 'nothing') socket.pause();
    return connection;
  }

  /** Sends bytes in one write, in pieces, or some of them one by one. */
  async send(bytes: Buffer): Promise<void> {
    const { random } = this;
    const pieces = random.choose<readonly Buffer[]>(
      [14, () => [bytes]],
      [4, () => random.cut(bytes, random.between(2, 20))],
      [1, () => inBytes(bytes.subarray(0, 200), bytes.subarray(200))],
    );
    for (const [index, piece] of pieces.entries()) {
      if (this.isClosed) return;
      this.socket.write(piece);
      if (index < pieces.length - 1) await nextTurn();
    }
  }

  /** Waits until a condition holds, the connection has ended, or the server has no more to send. */
  async settle(condition: () => boolean): Promise<void> {
    const { pulse, random } = this;
    if (this.#reading === 'later') {
      await sleep(random.below(100));
      this.socket.resume();
    }
    this.#arrivedAt = pulse.beats;
    if (!this.readsAll) {
      await Promise.race([sleep(random.below(100)), this.#closed]);
      return;
    }
    while (!condition() && !this.isClosed && pulse.beats - this.#arrivedAt < QUIET_BEATS) await sleep(3);
  }

  /** Ends the connection in one of several ways, and waits until it is closed. */
  async leave(goodbye?: Buffer): Promise<void> {
    const { random, socket } = this;
    const ending = random.choose(
      [4, () => 'end' as const],
      [3, () => 'reset' as const],
      [2, () => 'destroy' as const],
      [1, () => 'linger' as const],
    );
    if (ending === 'linger') await Promise.race([sleep(random.below(300)), this.#closed]);
    if (ending === 'end') {
      if (goodbye !== undefined && random.chance(0.5)) socket.write(goodbye);
      socket.end();
      await Promise.race([sleep(50), this.#closed]);
    }
    if (ending === 'reset') socket.resetAndDestroy();
    else socket.destroy();
    await this.#closed;
  }

  #read(chunk: Buffer): void {
    this.#arrivedAt = this.pulse.beats;
    this.#unreadAfter -= chunk.length;
    if (this.#unreadAfter < 0) this.socket.pause();
    const text = this.#tail + chunk.toString('latin1');
    let end = 0;
    for (const { pattern, found } of this.watched) {
      for (const match of text.matchAll(pattern)) {
        end = Math.max(end, match.index + match[0].length);
        found(match);
      }
    }
    this.#tail = text.slice(Math.max(end, text.length - OVERLAP));
  }
}

function inBytes(bytes: Buffer, rest: Buffer): Buffer[] {
  return [...Array.from(bytes, (byte) => Buffer.of(byte)), rest];
}
