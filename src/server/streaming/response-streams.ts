/**
 * Subscriptions as streaming HTTP responses in one of several formats.
 *
 *   request → the format that its Accept header prefers → begin → (frames | heartbeat)* → refusal? → end
 *
 * A shared subscription writes the same bytes to all responses of a format. Yoga sends all other responses.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { unauthenticated } from '#domain/errors.js';
import type { Viewer } from '#domain/viewer.js';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import type { Audience } from '#fanout/delivery/sink.js';
import type { Framing } from '#fanout/projection/framing.js';
import { inSlices } from '#fanout/slices.js';
import type { Outgoing, UnreadBytes } from '#server/guards/unread-bytes.js';
import { type Offer, preferred } from '#server/http/accept.js';
import type { ServerContext } from '#server/http/server.js';
import type { SessionWatch, SignInEnd, WatchedConnection } from '#server/operation/session-watch.js';

/** How results are written to a response. */
export interface StreamFormat extends Offer {
  contentType: string;
  framing: Framing<Buffer>;
  begin: string;
  /**
   * Gives the client a cursor to resume from, without an event. Undefined if the format does not support it.
   */
  cursor?(id: string): string;
  /** Shows clients and proxies that the connection is alive. */
  heartbeat: string;
  /** The last result of a subscription that the server ends. It contains only errors. */
  refusal(result: ExecutionResult): string;
  end: string;
}

/** The open responses of this node. */
export interface ResponseStreams {
  /** The Yoga plugin that sends the responses of shared subscriptions. */
  plugin: Plugin;
  /** The number of open responses. */
  readonly count: number;
  /** Whether a response is one of them. */
  has(response: ServerResponse): boolean;
  /** Completes all of them. */
  close(): Promise<void>;
}

/** Settings of `createResponseStreams`. */
export interface ResponseStreamsOptions extends UnreadOptions {
  /** In order of preference. */
  formats: readonly StreamFormat[];
  /** Milliseconds between the heartbeats of each stream. */
  heartbeatMs: number;
  sessionWatch: Pick<SessionWatch, 'add' | 'remove'>;
  /** Reports a bug outside of any response. Must not throw. */
  onFault(error: unknown): void;
}

interface UnreadOptions {
  unreadBytes: Pick<UnreadBytes, 'look'>;
  addressOf(request: IncomingMessage): string;
}

/** Creates this node's response streams. */
export function createResponseStreams(options: ResponseStreamsOptions): ResponseStreams {
  const { formats, heartbeatMs, sessionWatch } = options;
  const open = new Set<ResponseStream>();
  const responses = new WeakSet<ServerResponse>();
  // Yoga wraps the stream in its own iterators, so remember by request what `subscribe` returned.
  const shared = new WeakMap<Request, { stream: SharedStream; viewer: Viewer | null }>();
  let isSending = false;
  const timer = setInterval(() => {
    if (isSending) return;
    isSending = true;
    inSlices(open, (stream) => stream.heartbeat())
      .catch(options.onFault)
      .finally(() => {
        isSending = false;
      });
  }, heartbeatMs).unref();

  const plugin: Plugin = {
    onSubscribe: ({ args }) => ({
      onSubscribeResult: ({ result }) => {
        if (!(result instanceof SharedStream)) return;
        const { request, viewer = null }: { request: Request; viewer?: Viewer | null } = args.contextValue;
        shared.set(request, { stream: result, viewer });
      },
    }),
    onResultProcess: ({ request, serverContext, setResultProcessor }) => {
      const found = shared.get(request);
      if (found === undefined) return;
      const { stream, viewer } = found;
      const format = preferred(request.headers.get('accept') ?? undefined, formats);
      const { res: response } = serverContext as Partial<ServerContext>;
      // The client has already disconnected. Nothing would read or end the response.
      if (format === undefined || response?.destroyed) return void stream.return();
      setResultProcessor((_result, { Response }) => {
        const body = new ResponseStream(format, stream, viewer, response, options, () => {
          open.delete(body);
          sessionWatch.remove(body);
        });
        open.add(body);
        sessionWatch.add(body);
        if (response !== undefined) responses.add(response);
        // The client may have left since the last check.
        if (response?.destroyed) body.destroy();
        else response?.once('close', () => body.destroy());
        return new Response(body as unknown as BodyInit, {
          headers: {
            'Content-Type': format.contentType,
            'Cache-Control': 'no-cache',
            Connection: 'keep-alive',
            'X-Accel-Buffering': 'no',
          },
        });
      }, format.type);
    },
  };

  return {
    plugin,
    get count() {
      return open.size;
    },
    has: (response) => responses.has(response),
    close: async () => {
      clearInterval(timer);
      await Promise.all([...open].map((stream) => stream.complete()));
    },
  };
}

/**
 * One response. As a sink, it is full until its consumer asks for more, and it buffers nothing itself. So whatever has
 * not been handed to the socket can still be left out, if it is retracted.
 */
class ResponseStream extends Readable implements Audience<Buffer>, WatchedConnection, Outgoing {
  readonly framing: Framing<Buffer>;
  /** Whether the consumer has asked for more, and has not got it yet. */
  #isWanted = false;
  /** Whether the end has been written. The client may not have read it yet. */
  #ended = false;
  #drained: (() => void) | undefined;

  constructor(
    private readonly format: StreamFormat,
    private readonly source: SharedStream,
    readonly viewer: Viewer | null,
    private readonly response: ServerResponse | undefined,
    private readonly unread: UnreadOptions,
    private readonly onClose: () => void,
  ) {
    super({ highWaterMark: 0 });
    this.framing = format.framing;
    this.push(format.begin);
    source.attach(this);
  }

  get full(): boolean {
    return !this.#isWanted;
  }

  startsAfter(cursor: string): void {
    if (this.format.cursor) this.push(this.format.cursor(cursor));
  }

  get address(): string {
    return this.response === undefined ? '' : this.unread.addressOf(this.response.req);
  }

  get unreadBytes(): number {
    if (this.destroyed || this.response?.req.socket.destroyed) return 0;
    return this.readableLength + (this.response?.writableLength ?? 0);
  }

  terminate(): void {
    this.response?.req.socket.destroy();
  }

  write(frames: Buffer): void {
    if (this.#ended || this.destroyed) return;
    // Measured before this write, so that clients that keep up are skipped.
    const isBehind = this.unreadBytes > 0;
    this.#isWanted = false;
    this.push(frames);
    if (isBehind || this.unreadBytes > 0) this.unread.unreadBytes.look(this);
  }

  whenDrained(callback: () => void): void {
    this.#drained = callback;
  }

  heartbeat(): void {
    if (this.full || this.#ended || this.destroyed) return;
    this.#isWanted = false;
    this.push(this.format.heartbeat);
  }

  /** Ends the response with UNAUTHENTICATED. */
  signInEnded(why: SignInEnd): void {
    this.source.refused(
      unauthenticated(why === 'session ended' ? 'The session has ended.' : 'The token has expired.'),
    );
  }

  refused(result: ExecutionResult): void {
    if (!this.#ended && !this.destroyed) this.push(this.format.refusal(result));
    this.#finish();
  }

  async complete(): Promise<void> {
    await this.source.return();
    this.#finish();
  }

  override _read(): void {
    this.#isWanted = true;
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.onClose();
    this.source.return().then(() => callback(error), callback);
  }

  #finish(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.push(this.format.end);
    this.push(null);
  }
}
