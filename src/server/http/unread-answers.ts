import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import type { Outgoing, UnreadBytes } from '#server/guards/unread-bytes.js';
import type { ServerContext } from './server.js';

export interface UnreadAnswersOptions {
  unreadBytes: UnreadBytes;
  addressOf(request: IncomingMessage): string;
  /** Whether a response is a stream, which looks at its unread bytes itself. */
  isStream(response: ServerResponse): boolean;
}

/** Counts the bytes of answers that are not read at once. */
export function countUnreadAnswers({ unreadBytes, addressOf, isStream }: UnreadAnswersOptions): Plugin {
  return {
    onResponse: ({ serverContext }) => {
      const { req, res } = serverContext as unknown as ServerContext;
      if (isStream(res)) return;
      // By then, the answer is written as far as the client has read.
      setImmediate(() => {
        if (!res.destroyed && res.writableLength > 0) unreadBytes.look(new Answer(req, res, addressOf(req)));
      });
    },
  };
}

class Answer implements Outgoing {
  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    readonly address: string,
  ) {}

  get unreadBytes(): number {
    return this.response.destroyed ? 0 : this.response.writableLength;
  }

  terminate(): void {
    this.request.socket.destroy();
  }
}
