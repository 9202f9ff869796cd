/** Measures what rooms cost a node: memory and CPU time for those with few viewers, which a crowd does not show. */
import { setTimeout as delay } from 'node:timers/promises';
import { createAppend } from '#redis/room-log/append.js';
import { openServers } from '#redis/servers.js';
import { cpuSeconds } from '../../bench/measure/proc.js';
import { RawWebSocket } from '../../test/support/raw-web-socket.js';
import type { ServerProcess } from '../../test/support/server.js';
import { Site } from '../../test/support/site.js';
import { until } from '../../test/support/until.js';
import type { Figures } from './measure-redis.js';

const ROOMS = 4_000;
const ROOMS_PER_SOCKET = 100;
const QUERY =
  'subscription ($roomId: ID!) { messageAdded(roomId: $roomId) { id roomId author { name } content createdAt } }';
const AUTHOR = { id: 'user:0123456789abcdef', name: 'Ann Example' };
const CONTENT = 'The quick brown fox jumps over the lazy dog again!';
/** Longer than three heartbeats of presence and ten checks of the heads. */
const IDLE_SECONDS = 30;
const PER_SECOND = 400;

/** Measures one node on a Redis of its own. Both end with this call. Needs a build. */
export async function measureNode(): Promise<Figures> {
  const site = await Site.start({ variables: { LOG_LEVEL: 'warn', PRESENCE_HEARTBEAT_MS: 5_000 } });
  const servers = openServers({ url: site.redis.testerUrl });
  await servers.ready(10_000);
  const node = site.node();
  const audience = new Audience(node);
  try {
    await audience.join(0, 10);
    await delay(1_000);
    const before = await site.holdings(node);
    await audience.join(10, ROOMS);
    const joined = await site.holdings(node);
    const figures: Figures = {
      'node: bytes per room with one viewer': (held(joined) - held(before)) / ROOMS,
      'node: resident bytes per room with one viewer': (joined.rss - before.rss) / ROOMS,
    };

    const idle = await cpuOf([node.pid, site.redis.pid], () => delay(IDLE_SECONDS * 1_000));
    figures['node: µs a second per idle room'] = (idle[0]! * 1e6) / IDLE_SECONDS / ROOMS;
    figures['redis: µs a second per idle room of a node'] = (idle[1]! * 1e6) / IDLE_SECONDS / ROOMS;

    const append = createAppend(servers, { retention: { historyLimit: 10_000, ttlMs: 86_400_000 } });
    const send = async (count: number) => {
      for (let sent = 0; sent < count; sent += 4) {
        const from = performance.now();
        const rooms = [0, 1, 2, 3].map((index) => (sent + index) % ROOMS);
        await Promise.all(
          rooms.map((room) => append({ roomId: `room${room}`, author: AUTHOR, content: CONTENT })),
        );
        await delay(Math.max(4_000 / PER_SECOND - (performance.now() - from), 0));
      }
      await until(() => audience.messages >= count, { what: 'the messages' });
    };
    const few = await cpuOf([node.pid, site.redis.pid], () => send(ROOMS * 3));
    const seconds = (ROOMS * 3) / PER_SECOND;
    figures['node: µs per message and node, with one viewer'] =
      ((few[0]! - (idle[0]! / IDLE_SECONDS) * seconds) * 1e6) / (ROOMS * 3);
    figures['bytes per delivery'] = audience.bytes / audience.messages;

    const written = await site.holdings(node);
    figures['node: bytes per message that a room holds'] = (held(written) - held(joined)) / (ROOMS * 3);
    return figures;
  } finally {
    audience.close();
    await servers.close();
    await site.close();
  }
}

const held = ({ heapUsed, external }: { heapUsed: number; external: number }) => heapUsed + external;

async function cpuOf(pids: readonly number[], work: () => Promise<unknown>): Promise<number[]> {
  const before = pids.map(cpuSeconds);
  await work();
  return pids.map((pid, index) => cpuSeconds(pid) - before[index]!);
}

/** Sockets that follow many rooms each, so that rooms are measured rather than sockets. */
class Audience {
  /** Messages received, and the bytes of their frames. */
  messages = 0;
  bytes = 0;
  readonly #sockets: RawWebSocket[] = [];

  constructor(private readonly node: ServerProcess) {}

  /** Joins the rooms of these numbers. Resolves when all are live. */
  async join(from: number, to: number): Promise<void> {
    for (let first = from; first < to; first += ROOMS_PER_SOCKET) {
      await this.#open(first, Math.min(first + ROOMS_PER_SOCKET, to));
    }
    // Nothing tells a client that it is live.
    await delay(2_000);
  }

  close(): void {
    for (const socket of this.#sockets) socket.drop();
  }

  #open(from: number, to: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new RawWebSocket(this.node, {
        opened: () => socket.send({ type: 'connection_init' }),
        text: (payload) => {
          if (payload.includes('"messageAdded"')) {
            this.messages += 1;
            this.bytes += payload.length + (payload.length < 126 ? 2 : 4);
          } else if (payload.includes('connection_ack')) {
            for (let room = from; room < to; room += 1) {
              const variables = { roomId: `room${room}` };
              socket.send({
                id: crypto.randomUUID(),
                type: 'subscribe',
                payload: { query: QUERY, variables },
              });
            }
            resolve();
          } else {
            reject(new Error(`unexpected: ${payload.toString()}`));
          }
        },
        closed: () => reject(new Error('a socket was closed')),
      });
      this.#sockets.push(socket);
    });
  }
}
