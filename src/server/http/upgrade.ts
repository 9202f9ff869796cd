/**
 * Upgrades of HTTP connections to WebSockets, if the path serves them. Any other offer is ignored, and the
 * request is answered as if it had not made one (RFC 9110, 7.8). curl and Java offer h2c in this way.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Takes over the socket of an upgrade. `head` contains the bytes that followed the request's head. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void | Promise<void>;

/** The handler for the upgrade that a client offers. Undefined if the offer should be ignored. */
export function upgradeOf(
  request: IncomingMessage,
  upgrades: ReadonlyMap<string, UpgradeHandler>,
): UpgradeHandler | undefined {
  return request.headers.upgrade?.trim().toLowerCase() === 'websocket'
    ? upgrades.get(pathOf(request))
    : undefined;
}

/**
 * Calls `proceed` once the responses to earlier requests on the socket have been written. With pipelining,
 * Node emits 'upgrade' before that. Does not call it if the socket closes first.
 */
export async function afterAnswers(
  socket: Duplex,
  newest: ServerResponse | undefined,
  proceed: () => Promise<void>,
): Promise<void> {
  if (newest !== undefined && !newest.writableFinished && !newest.destroyed) {
    const putBack = closeWithClient(socket);
    await once(newest, 'close');
    putBack();
  }
  if (!socket.destroyed) await proceed();
}

/** What a client may send before its upgrade is answered, in bytes. WebSocket clients send nothing. */
const MAX_EARLY_BYTES = 65_536;

/** What a chunk takes besides its data, in bytes: about as much as Node needs for a buffer. */
const BYTES_PER_CHUNK = 300;

/**
 * Destroys a socket when its client leaves. After 'upgrade', Node no longer reads from it, and would not notice: a
 * stream before the upgrade would stay open. Returns a function that stops this and puts back what was read.
 */
function closeWithClient(socket: Duplex): () => void {
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer) => {
    chunks.push(chunk);
    size += BYTES_PER_CHUNK + chunk.length;
    if (size > MAX_EARLY_BYTES) socket.destroy();
  };
  // Without a listener for errors, a client that disconnects would crash the process.
  // Node has removed its own listener for the timeout, too.
  socket.on('error', destroy).on('end', destroy).on('timeout', destroy).on('data', keep);
  return () => {
    socket.off('error', destroy).off('end', destroy).off('timeout', destroy).off('data', keep);
    if (socket.destroyed) return;
    socket.pause();
    // As Node does before 'upgrade': the next listener for data begins to read.
    Object.assign(socket, { readableFlowing: null });
    if (size > 0) socket.unshift(Buffer.concat(chunks));
  };
}

/**
 * Returns a request to its server without the offer to upgrade. Node has already detached its parser from the
 * socket, so the head is serialized again, and the socket is emitted as a new connection that begins with it.
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, rest: Buffer): void {
  const head = Buffer.from(headWithoutUpgrade(request), 'latin1');
  socket.unshift(Buffer.concat([head, rest]));
  server.emit('connection', socket);
}

/** Hop-by-hop headers of an upgrade. */
const OF_UPGRADE: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (OF_UPGRADE.has(name.toLowerCase())) continue;
    const kept = name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value;
    lines.push(`${name}: ${kept}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(',').map((option) => option.trim());
  return options.filter((option) => !OF_UPGRADE.has(option.toLowerCase())).join(', ');
}

/** Answers an upgrade with a status such as `404 Not Found` and closes the connection. */
export function refuseUpgrade(
  socket: Duplex,
  status: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): void {
  // Without a listener, a client that disconnects would crash the process.
  socket.on('error', destroy);
  const all = { ...headers, Connection: 'close', 'Content-Length': Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  // Destroy the socket once the response is written, even if the client keeps its side open.
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}

/** The path of a request's URL, without its query. */
export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function destroy(this: Duplex): void {
  this.destroy();
}
