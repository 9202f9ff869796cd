/**
 * Runs the guards in order, before any work is done for a GraphQL request.
 *
 *   every request, stream and upgrade → origin → host
 *   streams and WebSockets            → concurrency limit → connection rate limit
 *
 * The first guard that refuses decides. Upgrades and requests are refused with the same status, headers and
 * body. A request that may turn out to be a subscription is checked as a stream once its operation is known.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Handler } from '#server/http/server.js';
import { refuseUpgrade, type UpgradeHandler } from '#server/http/upgrade.js';
import type { Guard, RefusalReason, Refused } from './guard.js';

export interface GuardsOptions {
  /** Checked for every request and upgrade. */
  every: readonly Guard[];
  /** Checked for connections that stay open: streams and WebSockets. */
  lasting: readonly Guard[];
  /** Whether the head of a request already shows that the client wants a stream. */
  asksForStream(request: IncomingMessage): boolean;
  /** Called once for each refusal. */
  onRefused(reason: RefusalReason, request: IncomingMessage): void;
}

export class GuardPipeline {
  /** Streams that were checked before their operation was read. */
  readonly #admitted = new WeakSet<IncomingMessage>();

  constructor(private readonly options: GuardsOptions) {}

  /** Wraps a handler of requests. */
  request(handler: Handler): Handler {
    return async (request, response) => {
      const headers: Record<string, string> = {};
      const refused =
        (await this.#check(this.options.every, request, response, headers)) ??
        (this.options.asksForStream(request) ? await this.#admit(request, response, headers) : undefined);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (refused === undefined) return handler(request, response);
      response.writeHead(refused.status, { ...headersOf(refused), Connection: 'close' });
      response.end(bodyOf(refused));
    };
  }

  /** Checks a request whose operation turned out to be a subscription. Returns the refusal, if any. */
  async stream(request: IncomingMessage, response: ServerResponse): Promise<Refused | undefined> {
    return this.#admitted.has(request) ? undefined : this.#admit(request, response, {});
  }

  /** Wraps a handler of upgrades. */
  upgrade(handler: UpgradeHandler): UpgradeHandler {
    const guards = [...this.options.every, ...this.options.lasting];
    return async (request, socket, head) => {
      // Without a listener, a client that disconnects during the checks would crash the process.
      socket.on('error', ignore);
      const headers: Record<string, string> = {};
      const refused = await this.#check(guards, request, socket, headers);
      socket.off('error', ignore);
      if (socket.destroyed) return;
      if (refused === undefined) return handler(request, socket, head);
      const { status } = refused;
      const statusLine = `${status} ${STATUS_CODES[status]}`;
      refuseUpgrade(socket, statusLine, { ...headers, ...headersOf(refused) }, bodyOf(refused));
    };
  }

  async #admit(
    request: IncomingMessage,
    response: ServerResponse,
    headers: Record<string, string>,
  ): Promise<Refused | undefined> {
    this.#admitted.add(request);
    return this.#check(this.options.lasting, request, response, headers);
  }

  /**
   * Runs the guards in order and returns the first refusal. Collects the headers of the guards that allow the
   * request. What they hold is released when the connection, or the response, closes.
   */
  async #check(
    guards: readonly Guard[],
    request: IncomingMessage,
    connection: Duplex | ServerResponse,
    headers: Record<string, string>,
  ): Promise<Refused | undefined> {
    for (const guard of guards) {
      const pending = guard.check(request);
      const verdict = pending instanceof Promise ? await pending : pending;
      if (!verdict.allowed) {
        this.options.onRefused(verdict.reason, request);
        return verdict;
      }
      Object.assign(headers, verdict.headers);
      const { release } = verdict;
      if (release === undefined) continue;
      // `once` would keep three more objects for each open connection.
      if (connection.destroyed) release();
      else connection.on('close', release);
    }
    return undefined;
  }
}

function headersOf({ headers }: Refused): Record<string, string> {
  return { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store', ...headers };
}

function bodyOf({ error }: Refused): string {
  return `${JSON.stringify({ errors: [error] })}\n`;
}

function ignore(): void {
  // `socket.destroyed` is checked after the guards.
}
