import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { FormattedExecutionResult } from 'graphql';
import type { TestServer } from '#test/support/server.js';
import type { Params } from './http.js';

/** One event of a stream, such as `event: next`. `data` joins its `data:` lines. */
export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Reads server-sent events directly from the wire. Events come in order. Comments, which the server sends as
 * heartbeats, are counted and skipped.
 */
export class EventStream {
  readonly #events: AsyncGenerator<ServerEvent>;
  comments = 0;

  private constructor(
    private readonly sent: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    this.#events = this.#read();
  }

  /** Subscribes to an operation's results as a stream. Resolves with the head of the response. */
  static async open(
    server: TestServer,
    params: Params,
    headers: Record<string, string> = {},
  ): Promise<EventStream> {
    const sent = request(server.url, {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', ...headers },
    });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve).once('error', reject);
    });
    sent.end(JSON.stringify(params));
    return new EventStream(sent, await response);
  }

  get status(): number | undefined {
    return this.response.statusCode;
  }

  /** The next event, or undefined if the stream has ended. */
  async next(): Promise<ServerEvent | undefined> {
    const { value } = await this.#events.next();
    return value;
  }

  /** The result in the next event. Throws if the event is not a result. */
  async nextResult(): Promise<FormattedExecutionResult> {
    const event = await this.next();
    if (event?.event !== 'next') throw new Error(`Not a result: ${JSON.stringify(event)}`);
    return JSON.parse(event.data);
  }

  /** Breaks the connection, which is the only way for a client to leave. */
  crash(): void {
    this.sent.destroy();
  }

  async *#read(): AsyncGenerator<ServerEvent> {
    let text = '';
    for await (const chunk of this.response.setEncoding('utf8')) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = eventOf(block);
        if (event === undefined) this.comments += 1;
        else yield event;
      }
    }
  }
}

function eventOf(block: string): ServerEvent | undefined {
  const lines = block.split('\n').filter((line) => !line.startsWith(':'));
  const valuesOf = (field: string) =>
    lines.flatMap((line) => (line.startsWith(`${field}:`) ? [line.slice(field.length + 1).trimStart()] : []));
  const [event] = valuesOf('event');
  return event === undefined ? undefined : { event, data: valuesOf('data').join('\n') };
}
