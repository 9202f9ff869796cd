import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Plugin } from 'graphql-yoga';
import type { AnswerLimit } from '#server/guards/answer-limit.js';
import type { Outgoing, UnreadBytes } from '#server/guards/unread-bytes.js';
import type { ServerContext } from './server.js';

/** How often an answer that is written in pieces is looked at, in milliseconds. */
const LOOK_MS = 50;

/** Settings of `countUnreadAnswers`. */
export interface UnreadAnswersOptions {
  unreadBytes: UnreadBytes;
  answerLimit: Pick<AnswerLimit, 'leaveToOthers'>;
  addressOf(request: IncomingMessage): string;
  /** Whether a response is a stream, which looks at its unread bytes itself. */
  isStream(response: ServerResponse): boolean;
}

/** Counts the bytes of answers that are not read at once, together for each connection. */
export function countUnreadAnswers({
  unreadBytes,
  answerLimit,
  addressOf,
  isStream,
}: UnreadAnswersOptions): Plugin {
  const bySocket = new WeakMap<Duplex, HttpConnection>();
  return {
    onResponse: ({ serverContext }) => {
      const { req, res } = serverContext as unknown as ServerContext;
      // Node takes the socket away from a request whose body is too large.
      const { socket } = req as { socket: Duplex | null };
      if (socket === null || isStream(res)) return;
      const look = () => {
        if (res.destroyed || res.writableLength === 0) return;
        const connection = bySocket.get(socket) ?? new HttpConnection(socket, addressOf(req));
        bySocket.set(socket, connection);
        if (!connection.answers.has(res)) res.once('close', () => connection.answers.delete(res));
        connection.answers.add(res);
        unreadBytes.look(connection);
        // It has no socket while it waits behind another answer.
        if (res.socket === null) answerLimit.leaveToOthers(req);
      };
      // By then, an answer in one piece is written as far as the client has read.
      setImmediate(() => {
        look();
        if (res.writableEnded || res.destroyed) return;
        // Yoga writes the event stream of a query in pieces, and the next one only when the client has read the last.
        // Even an answer that never gets its turn is closed with its connection; see open-answers.ts.
        const timer = setInterval(look, LOOK_MS).unref();
        res.once('close', () => clearInterval(timer));
      });
    },
  };
}

/** A connection with answers that are not read. With pipelining, there may be several. */
class HttpConnection implements Outgoing {
  readonly answers = new Set<ServerResponse>();

  constructor(
    private readonly socket: Duplex,
    readonly address: string,
  ) {}

  get unreadBytes(): number {
    if (this.socket.destroyed) return 0;
    let bytes = 0;
    for (const { writableLength } of this.answers) bytes += writableLength;
    return bytes;
  }

  terminate(): void {
    this.socket.destroy();
  }
}
