import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished, test } from 'vitest';
import { UnreadBytes } from '#server/guards/unread-bytes.js';
import { countUnreadAnswers } from '#server/http/unread-answers.js';
import { until } from '#test/support/until.js';

/** More than the system holds for a client. */
const LARGE = Buffer.alloc(20_000_000);

/** Sends a request without reading the answer, which the handler writes after it was announced. */
async function askWithoutReading(write: (response: ServerResponse) => Promise<void>) {
  let closed = 0;
  const unreadBytes = new UnreadBytes({ perAddress: 1_000, inAll: 0 }, () => {
    closed += 1;
  });
  const plugin = countUnreadAnswers({
    unreadBytes,
    answerLimit: { leaveToOthers: () => undefined },
    addressOf: () => 'a',
    isStream: () => false,
  });
  const server = createServer((req, res) => {
    plugin.onResponse!({ serverContext: { req, res } } as never);
    void write(res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  client.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  onTestFinished(() => {
    client.destroy();
    unreadBytes.close();
    server.closeAllConnections();
    server.close();
  });
  return { closed: () => closed };
}

test.each<[string, Parameters<typeof askWithoutReading>[0]]>([
  ['in one piece', async (response) => void response.end(LARGE)],
  [
    'in pieces, the first of which is small',
    async (response) => {
      response.write('small');
      await sleep(20);
      response.write(LARGE);
    },
  ],
  [
    'in pieces, the first of which is late',
    async (response) => {
      response.flushHeaders();
      await sleep(200);
      response.write(LARGE);
    },
  ],
])('an answer that is not read is counted if it is written %s', async (_how, write) => {
  const { closed } = await askWithoutReading(write);
  await until(() => closed() === 1, { what: 'the connection to be closed' });
});
