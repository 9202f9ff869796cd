/** Receivers that read a shared subscription as bytes, through each transport. */
import { Duplex, Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { SharedStream } from '#fanout/delivery/shared-stream.js';
import { createResponseStreams } from '#server/streaming/response-streams.js';
import { EVENT_STREAM } from '#server/streaming/server-sent-events.js';
import { WebSocketFramings } from '#server/websocket/framing.js';
import { WebSocketSink } from '#server/websocket/sink.js';
import { textsOf } from '#test/server/websocket/frames.js';

/** Receives from one subscription. */
export interface Receiver {
  /** The number of results received. */
  readonly count: number;
  /** The exact text that should be received for these JSON results. */
  expected(payloads: readonly string[]): string;
  /** The text received. */
  received(): string;
  end(): Promise<unknown>;
}

const framings = new WebSocketFramings();

/** A socket that consumes writes immediately or, if slow, later. It copies the bytes only then. */
export class Wire extends Duplex {
  readonly taken: Buffer[] = [];
  readonly #isSlow: boolean;

  constructor(isSlow: boolean) {
    super({ highWaterMark: isSlow ? 64 : 16_384 });
    this.#isSlow = isSlow;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const take = () => {
      this.taken.push(Buffer.from(chunk));
      done();
    };
    if (this.#isSlow) setImmediate(take);
    else take();
  }
}

export function webSocketReceiver(stream: SharedStream, id: string, isSlow: boolean): Receiver {
  const wire = new Wire(isSlow);
  const outlet = {
    socket: wire,
    mayWrite: () => true,
    leftUnread: () => undefined,
    whenDrained: (callback: () => void) => void wire.once('drain', callback),
  };
  stream.attach(new WebSocketSink(outlet, { id, refused: () => undefined }, framings));
  const texts = () => textsOf(Buffer.concat(wire.taken));
  return {
    get count() {
      return texts().length;
    },
    received: () => texts().join('\n'),
    expected: (payloads) =>
      payloads.map((payload) => `{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`).join('\n'),
    end: () => stream.return(),
  };
}

const eventStreams = createResponseStreams({
  formats: [EVENT_STREAM],
  heartbeatMs: 3_600_000,
  sessionWatch: { add: () => undefined, remove: () => undefined },
  unreadBytes: { look: () => undefined },
  addressOf: () => '',
  onFault: (error) => {
    throw error;
  },
});

export function eventStreamReceiver(stream: SharedStream): Receiver {
  const body = eventStreamOf(stream);
  let text = '';
  let count = 0;
  body.on('data', (chunk: Buffer) => {
    text += chunk;
    count = text.split('event: next\n').length - 1;
  });
  return {
    get count() {
      return count;
    },
    // Leave out the cursors, which the tests of the format check.
    received: () => text.replace(/^id: .*\n(\n?)/gm, ''),
    expected: (payloads) => `:\n\n${payloads.map((payload) => `event: next\ndata: ${payload}\n\n`).join('')}`,
    end: async () => body.destroy(),
  };
}

/** Returns the response body of the SSE transport. */
function eventStreamOf(stream: SharedStream): Readable {
  const request = { headers: { get: () => 'text/event-stream' } };
  let body: unknown;
  class BodyOnly {
    constructor(responseBody: unknown) {
      body = responseBody;
    }
  }
  // Call the plugin as Yoga would, to get the response.
  // biome-ignore lint/suspicious/noExplicitAny: the plugin does not use the other arguments.
  const { onSubscribe, onResultProcess } = eventStreams.plugin as any;
  onSubscribe({ args: { contextValue: { request } } }).onSubscribeResult({ result: stream });
  onResultProcess({
    request,
    serverContext: {},
    setResultProcessor: (process: (result: unknown, api: unknown) => unknown) =>
      process(stream, { Response: BodyOnly }),
  });
  if (!(body instanceof Readable)) throw new Error('The transport did not answer with a stream.');
  return body;
}

export function iteratingReceiver(stream: AsyncGenerator<ExecutionResult>): Receiver {
  const results: string[] = [];
  const ended = (async () => {
    for await (const result of stream) results.push(JSON.stringify(result));
  })();
  return {
    get count() {
      return results.length;
    },
    received: () => results.join('\n'),
    expected: (payloads) => payloads.join('\n'),
    end: async () => {
      await stream.return(undefined);
      await ended;
    },
  };
}
