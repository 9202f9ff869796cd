import { EventStream } from '#test/support/clients/event-stream.js';
import { post } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import type { ServerProcess } from '#test/support/server.js';
import { type Holdings, Site } from '#test/support/site.js';
import { until } from '#test/support/until.js';
import { LONG_ROOM } from './operations.js';

/** Connections say that they come from so many addresses, which are few enough to check each of them. */
const ADDRESSES = 64;

/** Operations that one address may have under way, which one connection may have, too. */
const ANSWERS = 10;

/** WebSockets and streams that may be open at once: more than fuzzing opens, so that it is not refused. */
const CONNECTIONS = 400;

/** The address of the client that checks the server. */
const OURS = { 'X-Forwarded-For': '198.51.100.1' };

const VARIABLES = {
  OPERATIONS_PER_CONNECTION: undefined,
  QUERY_ALIASES_LIMIT: undefined,
  TRUST_PROXY: 1,
  ANSWERS_PER_ADDRESS: ANSWERS,
  ANSWERS_PER_CONNECTION: ANSWERS,
  CONNECTIONS_LIMIT: CONNECTIONS,
  CONTENT_LENGTH_LIMIT: 2_000,
  // On a busy machine, Redis may take long to answer. This is not what is tested.
  REDIS_TIMEOUT_MS: 30_000,
};

/** The value of X-Forwarded-For for the connection with this number. */
export function addressFor(number: number): string {
  return `192.0.2.${number % ADDRESSES}`;
}

/** A node in its own process to fuzz, and the checks of its health. */
export class FuzzedNode {
  #seen = 0;
  #printed = 0;
  #sockets = 0;
  #checks = 0;

  private constructor(
    private readonly site: Site,
    readonly server: ServerProcess,
  ) {}

  static async start(): Promise<FuzzedNode> {
    const site = await Site.start({ variables: VARIABLES });
    const node = new FuzzedNode(site, site.node());
    try {
      await node.#fill();
      return node;
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  /** Checks that new clients are served: a query over HTTP, and a message to a WebSocket and to an event stream. */
  async serves(): Promise<void> {
    const { server } = this;
    this.#checks += 1;
    const content = 'still here';
    const roomId = `check-${this.#checks}`;
    const query = `subscription { messageAdded(roomId: "${roomId}") { content } }`;
    const socket = await RawSocket.ready(server);
    socket.subscribe('1', { query });
    const stream = await EventStream.open(server, { query }, OURS);
    const isFollowed = async () =>
      (await this.#ask(`{ connectionCount(roomId: "${roomId}") }`)).connectionCount === 2;
    await until(isFollowed, { what: 'two new subscriptions to be counted' });
    await this.#send(roomId, content);
    const expected = { data: { messageAdded: { content } } };
    const got = [(await socket.next()).payload, await stream.nextResult()];
    if (got.some((each) => JSON.stringify(each) !== JSON.stringify(expected)))
      throw new Error(`A new client got ${JSON.stringify(got)}.`);
    stream.crash();
    await socket.close();
  }

  /** Runs `work` while it checks again and again that new clients are served. */
  async servesDuring(work: Promise<void>): Promise<void> {
    let isRunning = true;
    const ended = work.finally(() => {
      isRunning = false;
    });
    const checking = (async () => {
      while (isRunning) {
        await this.serves();
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 250))]);
      }
    })();
    await Promise.all([ended, checking]);
  }

  /** Waits until everything that clients opened is closed. Returns what is used then, after a garbage collection. */
  async atRest(): Promise<Holdings> {
    await until(
      async () => {
        const open = await this.#openThings();
        if (open.length > 0) throw new Error(`Still open: ${open.join(', ')}`);
        return true;
      },
      { what: 'every connection and subscription to be closed', interval: 50 },
    );
    // Some memory is only freed by the second garbage collection.
    await this.site.holdings(this.server);
    const settled = await until(
      async () => {
        const held = await this.site.holdings(this.server);
        const { TCPSocketWrap: sockets = 0 } = held.handles;
        if (this.#sockets === 0) this.#sockets = sockets;
        // The client that checks keeps a connection alive or two.
        return sockets <= this.#sockets + 2 && held;
      },
      { what: 'every socket to be closed', interval: 100 },
    );
    return settled as Holdings;
  }

  /** Checks that no answer still counts: each address may have the full number of operations under way. */
  async answersAreFree(): Promise<void> {
    const addresses = Array.from({ length: ADDRESSES }, (_, number) => addressFor(number));
    for (const address of [...addresses, undefined]) {
      await until(async () => (await this.#burst(address)) === ANSWERS, {
        what: `${ANSWERS} answers at once to ${address ?? 'this machine'}`,
      });
    }
  }

  /** Checks that no closed connection still counts: the full number may be open. */
  async connectionsAreFree(): Promise<void> {
    const sockets = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => RawSocket.ready(this.server)),
    );
    await Promise.all(sockets.map((socket) => socket.close()));
  }

  /** Errors that the node has logged or printed since the last call. */
  newFaults(): string[] {
    const { stdout, stderr } = this.server.output;
    const end = stdout.lastIndexOf('\n') + 1;
    const lines = stdout.slice(this.#seen, end).split('\n');
    this.#seen = end;
    const printed = stderr.slice(this.#printed);
    this.#printed = stderr.length;
    return [...lines.filter((line) => /"level":"(error|fatal)"/.test(line)), ...(printed ? [printed] : [])];
  }

  async metric(name: string): Promise<number> {
    return (await this.#metrics()).get(name) ?? 0;
  }

  close(): Promise<void> {
    return this.site.close();
  }

  /** Asks pipelined for as many answers as an address may have under way. Returns how many succeeded. */
  async #burst(address: string | undefined): Promise<number> {
    const connection = await RawTcp.open(this.server);
    const head = [
      `GET /graphql?query=${encodeURIComponent('{ activeRooms { id } }')} HTTP/1.1`,
      'Host: chat.example',
      'Accept: application/json',
      ...(address === undefined ? [] : [`X-Forwarded-For: ${address}`]),
    ];
    const request = `${head.join('\r\n')}\r\n\r\n`;
    const last = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    await connection.write(request.repeat(ANSWERS - 1) + last);
    await connection.closed;
    return connection.received.split('HTTP/1.1 200 OK').length - 1;
  }

  async #openThings(): Promise<string[]> {
    const metrics = await this.#metrics();
    const names = [
      'streamly_connections{transport="websocket"}',
      'streamly_connections{transport="sse"}',
      'streamly_subscriptions',
      'streamly_projections',
    ];
    return names.filter((name) => metrics.get(name) !== 0).map((name) => `${name} ${metrics.get(name)}`);
  }

  async #metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${this.server.origin}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space))];
      }),
    );
  }

  async #fill(): Promise<void> {
    // GraphiQL is rendered once, when somebody first asks for it, and kept: 18 MB.
    await (await fetch(this.server.url, { headers: { Accept: 'text/html' } })).text();
    for (let batch = 0; batch < 20; batch += 1) {
      await Promise.all(Array.from({ length: 10 }, () => this.#send(LONG_ROOM, 'x'.repeat(2_000))));
    }
  }

  async #send(roomId: string, content: string): Promise<void> {
    await this.#ask('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { id } }', {
      input: { roomId, content },
    });
  }

  async #ask(query: string, variables?: object): Promise<Record<string, unknown>> {
    const { body } = await post(this.server, { query, variables }, OURS);
    if (body.errors !== undefined) throw new Error(`A check failed: ${JSON.stringify(body.errors)}`);
    return body.data as Record<string, unknown>;
  }
}
