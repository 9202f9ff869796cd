/**
 * Subscriptions as HTTP responses that go on: a sink for each, over a stream of bytes in one of several formats.
 *
 *   request → the first format that its Accept header allows → begin → (frames | heartbeat)* → refusal? → end
 *
 * A shared subscription writes the same ready bytes to every response of one format; anything else is left to
 * Yoga.
 */
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { unauthenticated } from '#domain/errors.js';
import type { Viewer } from '#domain/viewer.js';
import { SharedStream } from '#fanout/delivery/shared-stream.js';
import type { Audience } from '#fanout/delivery/sink.js';
import type { Framing } from '#fanout/projection/framing.js';
import { inSlices } from '#fanout/slices.js';
import type { ServerContext } from '#server/http/graphql.js';
import type { LiveViewer, LiveViewers, ViewerEnd } from '#server/operation/session-watch.js';

/** How results stand in a response. */
export interface StreamFormat {
  /** Whether a client that sends this Accept header asks for it. */
  isAccepted(accept: string): boolean;
  mediaType: string;
  contentType: string;
  framing: Framing<Buffer>;
  begin: string;
  /** Shows proxies and clients that the response lives. */
  heartbeat: string;
  /** The last result of a subscription that the server ends: it holds errors alone. */
  refusal(result: ExecutionResult): string;
  end: string;
}

/** The open responses of this node. */
export interface ResponseStreams {
  /** Yoga's part: answers shared subscriptions. */
  plugin: Plugin;
  /** How many are open. */
  readonly count: number;
  /** Completes all of them. */
  close(): Promise<void>;
}

export function createResponseStreams(
  heartbeatMs: number,
  liveViewers: Pick<LiveViewers, 'add' | 'remove'>,
  formats: readonly StreamFormat[],
): ResponseStreams {
  const open = new Set<ResponseStream>();
  // Yoga wraps the stream in iterators of its own: what `subscribe` gave is found by the request.
  const shared = new WeakMap<Request, { stream: SharedStream; viewer: Viewer | null }>();
  let isBeating = false;
  const timer = setInterval(() => {
    if (isBeating) return;
    isBeating = true;
    void inSlices(open, (stream) => stream.heartbeat()).finally(() => {
      isBeating = false;
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
      const accept = request.headers.get('accept') ?? '';
      const format = formats.find(({ isAccepted }) => isAccepted(accept));
      const { res: response } = serverContext as Partial<ServerContext>;
      // Yoga answers 406, or the client has left meanwhile and nothing would read the answer, nor end it.
      if (format === undefined || response?.destroyed) return void stream.return();
      setResultProcessor((_result, { Response }) => {
        const body = new ResponseStream(format, stream, viewer, () => {
          open.delete(body);
          liveViewers.remove(body);
        });
        open.add(body);
        liveViewers.add(body);
        response?.once('close', () => body.destroy());
        return new Response(body as unknown as BodyInit, {
          headers: {
            'Content-Type': format.contentType,
            'Cache-Control': 'no-cache',
            Connection: 'keep-alive',
            'X-Accel-Buffering': 'no',
          },
        });
      }, format.mediaType);
    },
  };

  return {
    plugin,
    get count() {
      return open.size;
    },
    close: async () => {
      clearInterval(timer);
      await Promise.all([...open].map((stream) => stream.complete()));
    },
  };
}

/** One response: a sink whose high-water mark is the stream's own. */
class ResponseStream extends Readable implements Audience<Buffer>, LiveViewer {
  readonly framing: Framing<Buffer>;
  #full = false;
  /** Its end is written, though it may be some time before all of it is read. */
  #isOver = false;
  #drained: (() => void) | undefined;

  constructor(
    private readonly format: StreamFormat,
    private readonly source: SharedStream,
    readonly viewer: Viewer | null,
    private readonly onClose: () => void,
  ) {
    super({ highWaterMark: 65_536 });
    this.framing = format.framing;
    this.push(format.begin);
    source.attach(this);
  }

  get full(): boolean {
    return this.#full;
  }

  write(frames: Buffer): void {
    if (!this.#isOver && !this.destroyed) this.#full = !this.push(frames);
  }

  whenDrained(callback: () => void): void {
    this.#drained = callback;
  }

  heartbeat(): void {
    if (!this.#full && !this.#isOver && !this.destroyed) this.#full = !this.push(this.format.heartbeat);
  }

  /** The last event is the error. */
  viewerEnded(why: ViewerEnd): void {
    this.source.refused(
      unauthenticated(why === 'session ended' ? 'The session has ended.' : 'The token has expired.'),
    );
  }

  refused(result: ExecutionResult): void {
    if (!this.#isOver && !this.destroyed) this.push(this.format.refusal(result));
    this.#finish();
  }

  async complete(): Promise<void> {
    await this.source.return();
    this.#finish();
  }

  override _read(): void {
    this.#full = false;
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.onClose();
    this.source.return().then(() => callback(error), callback);
  }

  #finish(): void {
    if (this.#isOver || this.destroyed) return;
    this.#isOver = true;
    this.push(this.format.end);
    this.push(null);
  }
}
