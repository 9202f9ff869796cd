/** Silent clients stay connected. Dead ones are detected. */
import { expect, onTestFinished, test } from 'vitest';
import { paramsOf } from '#test/support/clients/http.js';
import { RawSocket } from '#test/support/clients/raw-socket.js';
import { MessageAdded } from '#test/support/documents.js';
import { say } from '#test/support/say.js';
import { until } from '#test/support/until.js';
import { useServer } from '#test/support/use-server.js';

const used = useServer({ HEARTBEAT_MS: 500 });

test('closes and stops counting only sockets that do not answer pings', async () => {
  const [alive, gone] = [await RawSocket.ready(used.server), await RawSocket.ready(used.server)];
  onTestFinished(() => {
    alive.crash();
    gone.crash();
  });
  let pings = 0;
  alive.socket.on('ping', () => {
    pings += 1;
  });
  for (const socket of [alive, gone]) socket.subscribe('1', paramsOf(MessageAdded, { roomId: 'room1' }));
  const count = () => used.redis.cli('SCARD', 'connections:room1');
  await until(async () => (await count()) === '2', { what: 'both connections' });

  // Like a suspended laptop: it no longer reads, answers or closes anything.
  gone.tcp.pause();
  // Unsolicited pongs prove nothing.
  const pretending = setInterval(() => gone.socket.pong(), 20);
  onTestFinished(() => clearInterval(pretending));

  await until(async () => (await count()) === '1', { what: 'the dead connection to be removed' });
  await until(() => pings >= 2, { what: 'more pings' });
  await say(used.server, 'room1', 'Hello');
  expect(await alive.next()).toMatchObject({ id: '1', type: 'next' });
});
