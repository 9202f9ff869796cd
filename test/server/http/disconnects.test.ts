/** Clients that leave in the middle of something. */
import { expect, test } from 'vitest';
import { RawTcp, upgradeHead } from '#test/support/raw-tcp.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

// The server must notice by itself that a client has left, and not by a heartbeat.
const used = useServer({ HEARTBEAT_MS: 600_000 });

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${used.server.origin}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))!
      .slice(name.length),
  );
}

const openStreams = () => metric('streamly_connections{transport="sse"}');

function streamRequest(roomId: string): string {
  const query = encodeURIComponent(`subscription { messageAdded(roomId: "${roomId}") { id } }`);
  return `GET /graphql?query=${query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`;
}

test('does not take it for a fault of the server if a client leaves while it sends its request', async () => {
  const refusals = (code: string) => metric(`streamly_refusals_total{code="${code}"}`);
  const before = await refusals('BAD_USER_INPUT');
  const head =
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n';
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const connection = await RawTcp.open(used.server);
    await connection.write(`${head}{"query":`);
    connection.socket[leave]();
  }
  await until(async () => (await refusals('BAD_USER_INPUT')) === before + 2, { what: 'both to be noticed' });
  expect(await refusals('INTERNAL_SERVER_ERROR')).toBe(0);
});

test('drops the streams that wait in a pipeline when their client leaves', async () => {
  for (let client = 0; client < 50; client += 1) {
    const connection = await RawTcp.open(used.server);
    const requests = Array.from({ length: 5 }, (_, index) => streamRequest(`waiting-${client}-${index}`));
    await connection.write(requests.join(''));
    connection.end();
  }
  await until(async () => (await openStreams()) === 0, { what: 'every stream to be closed' });
});

test('drops a stream when its client leaves, even if it has asked for an upgrade behind it', async () => {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const connection = await RawTcp.open(used.server);
    await connection.write(`${streamRequest('upgrade')}${upgradeHead()}\r\n`);
    await connection.until('text/event-stream');
    expect(await openStreams()).toBe(1);
    connection.socket[leave]();
    await until(async () => (await openStreams()) === 0, { what: 'the stream to be closed' });
  }
});
