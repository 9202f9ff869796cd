/**
 * Whatever a client does on one socket with a few ids, within the protocol: each subscription that it holds
 * at the end receives each message of its room once, and nothing else receives anything.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket, type WireMessage } from '#test/support/clients/raw-socket.js';
import { ConnectionCount, MessageAdded } from '#test/support/documents.js';
import { say } from '#test/support/say.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer();

const IDS = ['1', '2', '__proto__'];
const ROOMS = ['a', 'b', 'c'];

type Step =
  | { do: 'follow'; id: string; room: string }
  | { do: 'query'; id: string }
  | { do: 'fail'; id: string }
  | { do: 'complete'; id: string }
  | { do: 'ping' }
  | { do: 'settle' };

const id = fc.constantFrom(...IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('follow' as const), id, room: fc.constantFrom(...ROOMS) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('complete' as const), id }) },
  fc.record({ do: fc.constant('query' as const), id }),
  fc.record({ do: fc.constant('fail' as const), id }),
  fc.record({ do: fc.constant('ping' as const) }),
  fc.record({ do: fc.constant('settle' as const) }),
);

/** What the client knows: which of its ids are in use, and for what. */
class Client {
  readonly rooms = new Map<string, string>();
  readonly queries = new Set<string>();
  /** Ids of queries that were completed before their answer, which may still arrive. */
  readonly crossed = new Set<string>();

  constructor(
    readonly socket: RawSocket,
    private readonly run: string,
  ) {}

  roomId(room: string): string {
    return `${this.run}-${room}`;
  }

  /** The message of a step, or undefined if the protocol does not allow it now. */
  messageOf(step: Step): WireMessage | undefined {
    if (step.do === 'ping' || step.do === 'settle') return { type: 'ping' };
    const { id } = step;
    const isFree = !this.rooms.has(id) && !this.queries.has(id);
    if (step.do === 'complete') {
      this.rooms.delete(id);
      if (this.queries.delete(id)) this.crossed.add(id);
      return { id, type: 'complete' };
    }
    if (!isFree) return undefined;
    if (step.do === 'follow') {
      this.rooms.set(id, step.room);
      return { id, type: 'subscribe', payload: paramsOf(MessageAdded, { roomId: this.roomId(step.room) }) };
    }
    this.queries.add(id);
    const payload =
      step.do === 'query' ? paramsOf(ConnectionCount, { roomId: 'a' }) : { query: '{ nothing }' };
    return { id, type: 'subscribe', payload };
  }

  /** Records a received message. The answer to a query must not be taken for a result of a subscription. */
  note({ id = '', type }: WireMessage): void {
    if (this.crossed.has(id)) return;
    expect(type === 'complete' && this.rooms.has(id), `complete for ${id}, which is followed`).toBe(false);
    if (type === 'complete' || type === 'error') this.queries.delete(id);
  }

  /** Waits until everything requested so far is live or answered. */
  async settle(): Promise<void> {
    this.socket.subscribe('settled', { query: 'mutation { __typename }' });
    for (;;) {
      const message = await this.socket.next();
      if (message.id !== 'settled') this.note(message);
      else if (message.type === 'complete') break;
    }
    this.crossed.clear();
  }
}

/** Sends a message to each room, and returns which operation received what. */
async function sayEverywhere(client: Client): Promise<[id: string, content: string][]> {
  for (const room of ROOMS) await say(used.server, client.roomId(room), `in ${room}`);
  const heard: [id: string, content: string][] = [];
  const listen = (message: WireMessage) => {
    const { data } = (message.payload ?? {}) as { data?: { messageAdded?: { content: string } } };
    if (data?.messageAdded) heard.push([message.id!, data.messageAdded.content]);
    else client.note(message);
  };
  while (heard.length < client.rooms.size) listen(await client.socket.next());
  for (const message of await client.socket.untilNow()) listen(message);
  return heard.sort();
}

/** Expects that the connection counts exactly in the rooms it is subscribed to. */
async function untilCounted(client: Client): Promise<void> {
  const followed = [...client.rooms.values()];
  const count = async (room: string) => used.redis.cli('SCARD', `connections:${client.roomId(room)}`);
  await until(
    async () => {
      const counts = await Promise.all(ROOMS.map(count));
      return ROOMS.every((room, index) => counts[index] === (followed.includes(room) ? '1' : '0'));
    },
    { what: `the connection to count only in [${followed}]` },
  );
}

test('ids can be reused in any order', async () => {
  const bursts = fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(bursts, async (bursts) => {
      const client = new Client(await RawSocket.ready(used.server), `run-${++runs}`);
      try {
        for (const burst of bursts) {
          client.socket.sendTogether(...burst.flatMap((step) => client.messageOf(step) ?? []));
          if (burst.some((step) => step.do === 'settle')) await client.settle();
        }
        await client.settle();
        const expected = [...client.rooms].map(([id, room]) => [id, `in ${room}`]);
        expect(await sayEverywhere(client)).toEqual(expected.sort());
        await untilCounted(client);
      } finally {
        client.socket.crash();
      }
    }),
    { numRuns: 50, timeout: 10_000 },
  );
});
