import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Limits on what one connection may leave unread. 0 means no limit. */
export interface OpenAnswerLimits {
  /** Answers that are being made, or are not read yet. */
  answers: number;
  /** Bytes of answers that are not read yet. With more, no other answer begins. */
  unreadBytes: number;
}

/**
 * The answers under way on each HTTP/1.1 connection. With pipelining, a client may ask many times without reading
 * anything, and Node hands over all requests of one read before it looks at what is unread.
 */
export class OpenAnswers {
  readonly #bySocket = new WeakMap<Duplex, Set<ServerResponse>>();

  constructor(private readonly limits: OpenAnswerLimits) {}

  /** Counts an answer until it is closed. Returns false, and does not count it, if the connection has too many. */
  add(socket: Duplex, answer: ServerResponse): boolean {
    const open = this.#bySocket.get(socket) ?? this.#watch(socket);
    const { answers, unreadBytes } = this.limits;
    if (answers > 0 && open.size >= answers) return false;
    if (unreadBytes > 0 && unreadOf(open) > unreadBytes) return false;
    open.add(answer);
    answer.once('close', () => open.delete(answer));
    return true;
  }

  /**
   * Closes the answers of a socket with it. Node does so only for the one that is being written, and those that wait
   * behind it would count forever.
   */
  #watch(socket: Duplex): Set<ServerResponse> {
    const open = new Set<ServerResponse>();
    this.#bySocket.set(socket, open);
    socket.once('close', () => {
      // Node's own listeners come first.
      process.nextTick(() => {
        for (const answer of [...open]) {
          // As Node does, so that what is not written yet is not begun.
          answer.destroyed = true;
          answer.emit('close');
        }
      });
    });
    return open;
  }

  /** The newest answer that is not closed. */
  newest(socket: Duplex): ServerResponse | undefined {
    return [...(this.#bySocket.get(socket) ?? [])].at(-1);
  }
}

/** The bytes of answers that are not yet handed to the operating system. */
function unreadOf(answers: Iterable<ServerResponse>): number {
  let bytes = 0;
  for (const { writableLength } of answers) bytes += writableLength;
  return bytes;
}
