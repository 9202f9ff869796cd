/** Streams that were asked for behind another answer on the same connection, whose client then leaves. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventStream } from '#test/support/clients/event-stream.js';
import { RawTcp } from '#test/support/raw-tcp.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ CONNECTIONS_LIMIT: 2, RATE_CONNECTIONS_PER_ADDRESS: 100_000 });

const FORMATS = ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'];

function subscribe(roomId: string, accept: string): string {
  const body = JSON.stringify({ query: `subscription { messageAdded(roomId: "${roomId}") { id } }` });
  return `POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const viewers = (roomId: string) => used.redis.cli('SCARD', `connections:${roomId}`);

const listen = async () => {
  const stream = await EventStream.open(used.server, {
    query: 'subscription { messageAdded(roomId: "after") { id } }',
  });
  onTestFinished(() => stream.crash());
  return stream;
};

/** Both places of the server are free again. */
async function expectPlaces(): Promise<void> {
  const open: EventStream[] = [];
  await until(
    async () => {
      const stream = await listen();
      if (stream.status === 200) open.push(stream);
      else stream.crash();
      return open.length === 2;
    },
    { what: 'two places' },
  );
  expect((await listen()).status).toBe(503);
  for (const stream of open) stream.crash();
}

describe.each(FORMATS)('a stream of type %s behind another', (accept) => {
  test('gives its place back, and is no viewer any more', async () => {
    const connection = await RawTcp.open(used.server);
    await connection.write(subscribe('first', accept) + subscribe('second', accept));
    await until(async () => (await viewers('first')) === '1' && (await viewers('second')) === '1', {
      what: 'both subscriptions',
    });
    expect((await listen()).status).toBe(503);
    connection.end();
    await until(async () => (await viewers('first')) === '0' && (await viewers('second')) === '0', {
      what: 'the end of both subscriptions',
    });
    await expectPlaces();
  });

  test('gives its place back whenever its client leaves', async () => {
    for (let wait = 0; wait < 30; wait += 1) {
      const connection = await RawTcp.open(used.server);
      await connection.write(subscribe('first', accept) + subscribe('second', accept));
      // Meanwhile, the server checks limits in Redis, parses, subscribes or has answered.
      for (let turn = 0; turn < wait; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      connection.socket.resetAndDestroy();
    }
    await expectPlaces();
    await until(async () => (await viewers('first')) === '0' && (await viewers('second')) === '0', {
      what: 'the end of all subscriptions',
    });
  });
});
